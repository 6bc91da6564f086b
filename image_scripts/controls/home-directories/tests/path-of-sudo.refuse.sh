echo 'Defaults secure_path="/usr/sbin:/usr/bin:/srv/bin"' >/etc/sudoers.d/site
mkdir -m 777 /srv/bin
