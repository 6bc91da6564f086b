# HM_ALLOWED=/srv/in/* /srv/box
mkdir -p /srv/in
mkdir -m 777 /srv/box
touch /srv/in/letter
chmod 666 /srv/in/letter
