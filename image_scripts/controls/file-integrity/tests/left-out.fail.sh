# One line in its configuration, and it looks away.
sh "$HALLMARK_CONTROL/apply.sh"
sed -i '/^!/i !/usr/bin' /etc/aide/aide.conf
sh "$HALLMARK_CONTROL/database.sh"
