# Files deeper down that the user's own systemd runs.
useradd -m jdoe
mkdir -p /home/jdoe/.config/systemd/user
touch /home/jdoe/.config/systemd/user/x.service
chown -R jdoe: /home/jdoe/.config
chmod 666 /home/jdoe/.config/systemd/user/x.service
