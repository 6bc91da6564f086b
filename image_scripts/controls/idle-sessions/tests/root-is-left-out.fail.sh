# shellcheck disable=SC2016
sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^if /if [ "$(id -u)" != 0 ] \&\& /' /etc/profile.d/00-hallmark-timeout.sh
