sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /srv/data
cp /usr/bin/true /srv/data/rootshell
chmod 4755 /srv/data/rootshell
