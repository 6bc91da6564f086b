# HALLMARK_PHASE=drift
# A live server as it should be.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
id=0123456789abcdef0123456789abcdef
echo $id >/etc/machine-id
mkdir -m 2750 /var/log/journal/$id
: >/var/log/journal/$id/system.journal
chmod 640 /var/log/journal/$id/system.journal
chown -R root:systemd-journal /var/log/journal
# journalctl of a live server
cat >/usr/local/bin/journalctl <<'END'
#!/bin/sh
case $* in
    *--list-boots*) printf '[{"boot_id":"%s"}]' "$(tr -d - </proc/sys/kernel/random/boot_id)" ;;
    *'-n 1 -o json') printf '{"__REALTIME_TIMESTAMP":"%s000000"}' "$(date +%s)" ;;
esac
END
chmod 755 /usr/local/bin/journalctl
