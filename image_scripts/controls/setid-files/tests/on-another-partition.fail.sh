. "$HALLMARK_SCRIPTS/scenario.sh"
fake_partition /srv
cp /usr/bin/true /srv/tool
chmod 4755 /srv/tool
