# The line is there, and asks for a group with other members.
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
gpasswd -a jdoe users
sed -i 's/group=su-users/group=users/' /etc/pam.d/su
