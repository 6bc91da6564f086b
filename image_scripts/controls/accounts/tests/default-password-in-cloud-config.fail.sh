# A default password, that cloud-init would set on each first boot.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
printf 'password: changeme\nchpasswd:\n  expire: false\n  list: |\n    root:root\n' >/etc/cloud/cloud.cfg.d/10-site.cfg
