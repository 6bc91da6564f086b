#!/bin/sh
# R4: see control.toml. boot_files.sh makes the menu of it.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ -d /etc/grub.d ] || not_applicable "no GRUB here"

# Others' superusers and passwords, and entries that everybody may start.
set --
for file in /etc/grub.d/* /boot/grub/custom.cfg; do
    case $file in
        */01_hallmark | */README) ;;
        *) set -- "$@" "$file" ;;
    esac
done
edit_files '/^[[:space:]]*((un)?set|export)[[:space:]]+superusers\b|^[[:space:]]*password(_pbkdf2)?[[:space:]]/d' "$@"
for file in "$@"; do
    shift
    [ "$file" = /etc/grub.d/10_linux ] || set -- "$@" "$file"
done
edit_files '/^[[:space:]]*(menuentry|submenu)[[:space:]]/s/[[:space:]]--unrestricted\b//g' "$@"
{
    # shellcheck disable=SC2016 # for the file
    printf '#!/bin/sh\n# Written by Hallmark (control boot-loader-protected).\nexec tail -n +4 "$0"\nset superusers="hallmark"\nexport superusers\n'
    [ -z "$HM_PASSWORD_HASH" ] || printf 'password_pbkdf2 hallmark %s\n' "$HM_PASSWORD_HASH"
} | write_file 700 root:root /etc/grub.d/01_hallmark

linux=/etc/grub.d/10_linux
if [ -f "$linux" ] && ! grep -q '^CLASS=.*--unrestricted' "$linux"; then
    sed -i 's/^CLASS="/CLASS="--unrestricted /' "$linux"
fi
chmod 755 "$linux"
write_file 644 root:root /etc/default/grub.d/zz-hallmark-boot-loader.cfg <<END
# No entries for a recovery mode.
GRUB_DISABLE_RECOVERY=true
END
edit_files "/GRUB_CMDLINE/s/([\"' ])(init|rdinit|rd\.break|break|(rd\.)?systemd\.(unit|run|wants|setenv))(=[^\"' ]*)?([\"' ])/\1\6/g" \
    /etc/default/grub /etc/default/grub.d/*.cfg
set_boot_words boot-loader-protected "The initial RAM disk opens no shell when something is wrong, but restarts." panic=30

package_unit_alone rescue.service
package_unit_alone emergency.service
