# What is enough for a substack is enough for it alone: the password is asked for all the same.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir /etc/pam.d/site.d
printf 'auth [success=done default=ignore] pam_localuser.so\n' >/etc/pam.d/site.d/a
sed -i '1i auth substack site.d/a' /etc/pam.d/sshd
