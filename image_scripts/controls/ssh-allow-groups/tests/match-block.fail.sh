# A Match block replaces what stands before it.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Match Address 192.0.2.0/24\n  AllowGroups *\n' >/etc/ssh/sshd_config.d/99-site.conf
