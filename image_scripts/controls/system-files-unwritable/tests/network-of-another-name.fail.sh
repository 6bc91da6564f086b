# Only cloud-init's own files are the daemon's; a folder that bears such a name hides none.
mkdir -p /etc/systemd/network/10-cloud-init-a
for file in 10-cloud-init-a/b.network 50-mine.network; do
    printf '[Match]\nName=enp0s4\n' >"/etc/systemd/network/$file"
    chown systemd-network:systemd-network "/etc/systemd/network/$file"
done
