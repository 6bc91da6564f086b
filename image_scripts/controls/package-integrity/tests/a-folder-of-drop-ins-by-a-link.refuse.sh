# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
mkdir /srv/drop-ins
printf '[Service]\nEnvironment=LD_PRELOAD=/srv/helper.so\n' >/srv/drop-ins/all.conf
ln -s /srv/drop-ins /etc/systemd/system/service.d
