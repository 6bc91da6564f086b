# Whoever has this authority's key signs himself in, as anybody.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
ssh-keygen -q -t ed25519 -N '' -f /tmp/ca
cp /tmp/ca.pub /etc/ssh/ca.pub
echo "TrustedUserCAKeys /etc/ssh/ca.pub" >/etc/ssh/sshd_config.d/50-ca.conf
mv /etc/ssh/sshd_config.d/50-ca.conf /etc/ssh/sshd_config.d/00-a.conf
