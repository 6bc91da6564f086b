#!/bin/sh
# R4: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

group=su-users
line="auth requisite pam_wheel.so use_uid group=$group"

grep -q "^$group:" /etc/group || groupadd --system "$group"
members=$(printf '%s' "$HM_MEMBERS" | tr ' ' ',')
if [ "$(awk -F : -v group="$group" '$1 == group { print $4 }' /etc/group)" != "$members" ]; then
    gpasswd --members "$members" "$group" >/dev/null
fi
# Those who are members as it is their own group, which no list shows.
awk -F : -v group="$group" -v members=" $HM_MEMBERS " '
    FILENAME == "/etc/group" { if ($1 == group) number = $3; next }
    $4 == number && !index(members, " " $1 " ") { print $1 }
' /etc/group /etc/passwd | while read -r user; do
    usermod -g nogroup "$user"
done

# Root first, then the group, then whatever asks for a password.
mend() {
    awk -v line="$line" '
        /^[[:space:]]*-?auth[[:space:]].*pam_(wheel|rootok)\.so/ { next }
        !done && /^[[:space:]]*(-?auth[[:space:]]|@include[[:space:]]+common-auth)/ { print "auth sufficient pam_rootok.so\n" line; done = 1 }
        { print }
        END { if (!done) print "auth sufficient pam_rootok.so\n" line "\n@include common-auth" }
    ' "$1" >/run/hallmark-pam
    write_file 644 root:root "$1" </run/hallmark-pam
    rm -f /run/hallmark-pam
}
mend /etc/pam.d/su
grep -qE '^auth[[:space:]]+(include|substack)[[:space:]]+su[[:space:]]*$' /etc/pam.d/su-l || mend /etc/pam.d/su-l
