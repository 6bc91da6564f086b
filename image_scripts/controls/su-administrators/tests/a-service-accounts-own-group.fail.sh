# A member by its own group stands in no list of members.
sh "$HALLMARK_CONTROL/apply.sh"
usermod -g su-users www-data
