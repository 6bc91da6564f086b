# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
printf '#!/bin/sh\ncase $1 in show) printf "Result=success\\nExecMainStatus=0\\nExecMainExitTimestamp=\\n" ;; is-active) ;; *) exec /usr/bin/systemctl "$@" ;; esac\n' >/usr/local/bin/systemctl
chmod 755 /usr/local/bin/systemctl
sed -i 's|^!|!/usr/sbin/helper\n&|' /etc/aide/aide.conf
