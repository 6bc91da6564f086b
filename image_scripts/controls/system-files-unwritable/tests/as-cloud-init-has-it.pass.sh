# cloud-init writes a machine's network for systemd-networkd, and gives the daemon its file.
printf '[Match]\nName=enp0s4\n' >/etc/systemd/network/10-cloud-init-enp0s4.network
chown systemd-network:systemd-network /etc/systemd/network/10-cloud-init-enp0s4.network
