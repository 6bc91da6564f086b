sh "$HALLMARK_CONTROL/apply.sh"
printf '[Resolve]\nLLMNR=resolve\n' >/etc/systemd/resolved.conf.d/zzz.conf
