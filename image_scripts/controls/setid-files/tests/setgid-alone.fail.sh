sh "$HALLMARK_CONTROL/apply.sh"
cp /usr/bin/true /usr/local/bin/group-of-root
chmod 2755 /usr/local/bin/group-of-root
