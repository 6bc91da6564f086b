#!/bin/sh
# A8: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

for file in /etc/issue /etc/issue.net /etc/motd; do
    printf '%s\n' "$HM_TEXT" | write_file 644 root:root "$file"
done
# What would be shown besides.
rm -rf /etc/issue.d /etc/motd.d /run/issue /run/issue.d /run/motd /run/motd.d /run/motd.dynamic
[ ! -d /etc/update-motd.d ] || find -L /etc/update-motd.d -maxdepth 1 -type f -exec chmod a-x {} +

dropin=/etc/ssh/sshd_config.d/00-hallmark-banner.conf
write_file 644 root:root "$dropin" <<'END'
# Written by Hallmark (control login-banners).
Banner /etc/issue.net
PrintMotd no
END
ssh_claim /etc/ssh/sshd_config "$dropin" 'Banner|PrintMotd'
