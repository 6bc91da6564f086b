mkdir -m 777 /srv/bin
printf '[Service]\nExecSearchPath=/usr/bin:/srv/bin\nExecStart=agent\n' >/etc/systemd/system/agent.service
