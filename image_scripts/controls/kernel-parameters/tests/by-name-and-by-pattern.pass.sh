sh "$HALLMARK_CONTROL/apply.sh"
file=/etc/sysctl.d/zz-hallmark-kernel.conf
for scope in all default '\*'; do
    grep -qx "net.ipv4.conf.$scope.rp_filter = 1" "$file"
done
# A key that a kernel does not know must not make the unit fail, nor what comes after it.
sed -i '1i kernel.none_such = 1' "$file"
/usr/lib/systemd/systemd-sysctl --cat-config >/dev/null
mount --bind "$(mktemp -d)" /proc/sys
/usr/lib/systemd/systemd-sysctl "$file"
umount /proc/sys
