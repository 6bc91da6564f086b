# HALLMARK_PHASE=acceptance
# As TemporaryFileSystem= of ssh.service makes it.
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_mounts
fake_process 700 sshd
sed -i '\: /tmp :s/,noexec//' /proc/700/mountinfo
