# cloud-init's own drop-in, as `ssh_pwauth: true` writes it, and nothing that sorts before it.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mv /etc/ssh/sshd_config.d/00-hallmark-ssh-access.conf /etc/ssh/sshd_config.d/60-hallmark-ssh-access.conf
echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/50-cloud-init.conf
chmod 0600 /etc/ssh/sshd_config.d/50-cloud-init.conf
