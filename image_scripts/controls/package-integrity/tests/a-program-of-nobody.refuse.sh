sh "$HALLMARK_CONTROL/apply.sh"
cp /usr/bin/sh /usr/lib/systemd/systemd-helper
