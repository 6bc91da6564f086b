# A shell on a terminal, in a unit that has neither name nor program of a prompt.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Service]\nExecStart=/bin/bash\nStandardInput=tty-force\nTTYPath=/dev/tty9\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/maintenance.service
