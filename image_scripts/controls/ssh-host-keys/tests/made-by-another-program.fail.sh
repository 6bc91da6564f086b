# A drop-in in another folder says how keys are made.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /usr/local/lib/systemd/system/sshd-keygen.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/local/sbin/the-same-keys\n' >/usr/local/lib/systemd/system/sshd-keygen.service.d/zz-site.conf
