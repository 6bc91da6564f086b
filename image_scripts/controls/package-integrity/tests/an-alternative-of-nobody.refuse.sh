# No package ships /usr/bin/awk: it is a link to a link, which anything can stand behind.
sh "$HALLMARK_CONTROL/apply.sh"
cp /usr/bin/sh /srv/awk
ln -sf /srv/awk /etc/alternatives/awk
