# The group of the line has no people, and a service.
sh "$HALLMARK_CONTROL/apply.sh"
gpasswd -a www-data su-users
