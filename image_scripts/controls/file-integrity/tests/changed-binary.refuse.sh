# A new database would take it for good.
sh "$HALLMARK_CONTROL/apply.sh"
echo >>/usr/bin/sudo
