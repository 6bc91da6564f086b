sh "$HALLMARK_CONTROL/apply.sh"
sh "$HALLMARK_CONTROL/apply.sh"
[ "$(grep -c '^Storage=persistent$' /etc/systemd/journald.conf)" = 1 ]
[ "$(grep -n '^Storage=' /etc/systemd/journald.conf | cut -d: -f1)" -gt "$(grep -n '^\[Journal\]' /etc/systemd/journald.conf | cut -d: -f1)" ]
