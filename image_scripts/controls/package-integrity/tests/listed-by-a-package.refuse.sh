# One line in its list, and the package owns what somebody brought.
sh "$HALLMARK_CONTROL/apply.sh"
cp /usr/bin/sh /usr/bin/helper
echo /usr/bin/helper >>/var/lib/dpkg/info/sudo.list
