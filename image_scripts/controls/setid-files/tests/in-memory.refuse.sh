sh "$HALLMARK_CONTROL/apply.sh"
mount -t tmpfs tools /srv
cp /usr/bin/true /srv/rootshell
chmod 4755 /srv/rootshell
