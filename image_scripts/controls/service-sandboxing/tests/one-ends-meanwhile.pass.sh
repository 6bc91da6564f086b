# HALLMARK_PHASE=acceptance
sh "$HALLMARK_CONTROL/apply.sh"
echo 'user@1000.service loaded active running A' >/run/units
printf '#!/bin/sh\ncat /run/units\n: >/run/units\n' >/usr/bin/systemctl
cat >/usr/bin/systemd-analyze <<'END'
#!/bin/sh
for unit; do
    [ "$unit" = user@1000.service ] || echo "Overall exposure level for $unit: 1.0 OK"
done
END
