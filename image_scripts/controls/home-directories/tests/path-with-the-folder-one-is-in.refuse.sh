# shellcheck disable=SC2016
echo 'PATH=$PATH:' >>/root/.bashrc
