# HM_MODULES=tipc nf_tables
printf 'install tipc /bin/false\n' >/etc/modprobe.d/tipc.conf
