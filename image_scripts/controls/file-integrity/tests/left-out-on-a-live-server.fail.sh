# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
cat >/usr/local/bin/systemctl <<'END'
#!/bin/sh
case $1 in
    show) printf 'Result=success\nExecMainStatus=0\nExecMainExitTimestamp=now\n' ;;
    is-active) ;;
    *) exec /usr/bin/systemctl "$@" ;;
esac
END
chmod 755 /usr/local/bin/systemctl
sed -i 's|^!|!/usr/sbin/helper\n&|' /etc/aide/aide.conf
