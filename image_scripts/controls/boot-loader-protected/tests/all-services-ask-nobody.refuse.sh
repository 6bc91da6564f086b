sh "$HALLMARK_CONTROL/apply.sh"
mkdir /etc/systemd/system/service.d
printf '[Service]\nEnvironmentFile=/etc/default/site\n' >/etc/systemd/system/service.d/site.conf
echo 'SYSTEMD_SULOGIN_FORCE=1' >/etc/default/site
