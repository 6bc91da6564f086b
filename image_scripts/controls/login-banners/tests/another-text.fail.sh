# shellcheck disable=SC2028
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Welcome to \n, \s \r' >>/etc/issue
