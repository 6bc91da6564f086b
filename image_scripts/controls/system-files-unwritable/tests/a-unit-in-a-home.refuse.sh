# Not there yet; jdoe may put it there.
useradd -m jdoe
printf '[Service]\nExecStart=-/home/jdoe/bin/agent --daemon\n' >/etc/systemd/system/agent.service
