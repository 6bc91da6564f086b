# The same in another spelling, in two files.
sh "$HALLMARK_CONTROL/apply.sh"
cd /etc/audit/rules.d || exit 1
sed -i '/key=mounts/d; /-k privilege/d' 99-hallmark.rules
cat >20-site.rules <<'RULES'
-a always,exit -F path=/etc/sudoers -F perm=wa -F key=scope
-a always,exit -F dir=/etc/sudoers.d/ -F perm=aw -F key=scope
-a exit,always -F arch=b64 -S mount -S umount2 -S move_mount,open_tree -S fsmount -F auid>=1000 -F auid!=4294967295 -k m
-a exit,always -F arch=b32 -S mount -S umount2 -S move_mount,open_tree -S fsmount -F auid!=unset -F auid>=1000 -k m
-a exit,always -F arch=b32 -S umount -F auid!=unset -F auid>=1000 -k m
RULES
chmod 640 20-site.rules
