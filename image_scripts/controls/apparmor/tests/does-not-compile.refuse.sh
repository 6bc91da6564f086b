sh "$HALLMARK_CONTROL/apply.sh"
echo 'profile broken { /no/such,' >/etc/apparmor.d/broken
