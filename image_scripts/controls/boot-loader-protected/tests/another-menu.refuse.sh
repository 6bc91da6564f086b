# What it holds is in no file that is read here.
sh "$HALLMARK_CONTROL/apply.sh"
printf 'source (hd0,gpt1)/site.cfg\n' >>/etc/grub.d/40_custom
