sh "$HALLMARK_CONTROL/apply.sh"
printf "menuentry 'Tools' --unrestricted {\n  configfile /tools.cfg\n}\n" >>/etc/grub.d/40_custom
