# A file that sorts after ours turns the log and the pty off.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
echo 'Defaults !logfile, !use_pty, timestamp_timeout=-1' >/etc/sudoers.d/zzz
chmod 0440 /etc/sudoers.d/zzz
