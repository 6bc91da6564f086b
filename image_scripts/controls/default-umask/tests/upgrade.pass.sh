# What an upgrade of a PAM package runs changes nothing of it, and other packages' modules still come in.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
printf 'Name: site\nDefault: yes\nPriority: 0\nSession-Type: Additional\nSession:\n\toptional pam_echo.so\n' >/usr/share/pam-configs/site
pam-auth-update --package
grep -q pam_echo /etc/pam.d/common-session
grep -q pam_systemd /etc/pam.d/common-session
