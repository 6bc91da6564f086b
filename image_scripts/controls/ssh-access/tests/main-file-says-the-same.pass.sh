# Debian's own line says otherwise, and so does a block further down.
printf 'Match User root\n    X11Forwarding yes\n' >>/etc/ssh/sshd_config
grep -q '^X11Forwarding yes' /etc/ssh/sshd_config
sh "$HALLMARK_CONTROL/apply.sh"
sshd -G >/tmp/with
[ "$(grep -ci '^ *X11Forwarding' /etc/ssh/sshd_config)" = 1 ]
[ "$(grep -n '^PermitRootLogin no' /etc/ssh/sshd_config | cut -d: -f1)" -gt "$(grep -n '^Include' /etc/ssh/sshd_config | cut -d: -f1)" ]
[ "$(grep -n '^PermitRootLogin no' /etc/ssh/sshd_config | cut -d: -f1)" -lt "$(grep -n '^Match' /etc/ssh/sshd_config | cut -d: -f1)" ]
# What the main file repeats changes nothing.
sed -i '/^# Hallmark:/,/^# Hallmark: end/d' /etc/ssh/sshd_config
sshd -G >/tmp/without
cmp /tmp/with /tmp/without
sh "$HALLMARK_CONTROL/apply.sh"
