echo 'export TMOUT=600' >/etc/profile.d/timeout.sh
echo 'export TMOUT=600' >>/etc/bash.bashrc
