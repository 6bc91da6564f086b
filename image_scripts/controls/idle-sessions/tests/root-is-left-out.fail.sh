# shellcheck disable=SC2016
sh "$HALLMARK_CONTROL/apply.sh"
sed -i -e '1a if [ "$(id -u)" != 0 ]; then' -e '$a fi' /etc/profile.d/00-hallmark-timeout.sh
