# The right name, and another owner.
printf '[Match]\nName=enp0s4\n' >/etc/systemd/network/10-cloud-init-enp0s4.network
chown nobody /etc/systemd/network/10-cloud-init-enp0s4.network
