# HALLMARK_PHASE=drift
# `systemctl reset-failed` after the comparison: the result is a success again.
sh "$HALLMARK_CONTROL/apply.sh"
cat >/usr/local/bin/systemctl <<'END'
#!/bin/sh
case $1 in
    show) printf 'Result=success\nExecMainStatus=5\nExecMainExitTimestamp=now\n' ;;
    is-active) ;;
    *) exec /usr/bin/systemctl "$@" ;;
esac
END
chmod 755 /usr/local/bin/systemctl
