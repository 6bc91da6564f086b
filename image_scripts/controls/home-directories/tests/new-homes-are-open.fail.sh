# login.defs of older releases: useradd and cloud-init make 0755.
sed -i '/HOME_MODE/d' /etc/login.defs
