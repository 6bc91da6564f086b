mkdir /srv/root
chown games /srv/root
mkdir -p /etc/systemd/system.control
printf '[Service]\nRootDirectory=/srv/root\nExecStart=/usr/bin/agent\n' >/etc/systemd/system.control/agent.service
