# HALLMARK_PHASE=drift
# `systemctl reset-failed` after the comparison: the result is a success again.
sh "$HALLMARK_CONTROL/apply.sh"
printf '#!/bin/sh\ncase $1 in show) printf "Result=success\\nExecMainStatus=5\\nExecMainExitTimestamp=now\\n" ;; is-active) ;; *) exec /usr/bin/systemctl "$@" ;; esac\n' >/usr/local/bin/systemctl
chmod 755 /usr/local/bin/systemctl
