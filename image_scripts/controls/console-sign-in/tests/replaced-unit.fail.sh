sh "$HALLMARK_CONTROL/apply.sh"
printf '[Service]\nExecStart=/bin/bash\nStandardInput=tty\nTTYPath=/dev/%%I\n' >/etc/systemd/system/getty@tty1.service
