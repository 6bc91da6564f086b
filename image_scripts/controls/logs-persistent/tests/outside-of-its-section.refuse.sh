# The last line counts for nothing: it stands in no section.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nStorage=none\n' >/run/systemd/journald.conf.d/zzz-1.conf
printf 'Storage=persistent\n' >/run/systemd/journald.conf.d/zzz-2.conf
