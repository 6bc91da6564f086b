# The journal stays in memory, whatever its file says.
sh "$HALLMARK_CONTROL/apply.sh"
ln -s /dev/null /etc/systemd/system/systemd-journal-flush.service
