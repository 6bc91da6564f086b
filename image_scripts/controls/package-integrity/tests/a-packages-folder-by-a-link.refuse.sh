# HALLMARK_PHASE=drift
# A package owns /srv, and nobody what is in it.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Service]\nEnvironment=LD_PRELOAD=/srv/helper.so\n' >/srv/all.conf
ln -s /srv /etc/systemd/system/service.d
