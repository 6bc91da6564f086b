useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
gpasswd -a jdoe su-users
