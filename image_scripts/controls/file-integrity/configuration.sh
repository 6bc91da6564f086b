#!/bin/sh
# Prints AIDE's configuration, for apply.sh, and for check.py to compare.
set -euf # a list holds regular expressions: their `*` is not the shell's

cat <<END
# Written by Hallmark (control file-integrity).
database_in=file:/var/lib/aide/aide.db
database_out=file:/var/lib/aide/aide.db.new
gzip_dbout=no
report_url=stdout
log_level=warning
report_level=changed_attributes
Content = p+u+g+ftype+s+sha256+caps+acl+xattrs
Link = u+g+ftype+l
Folder = p+u+g+ftype+acl+xattrs
END
for path in $HM_EXCLUDED; do
    printf '!%s\n' "$path"
done
# What would be changed first by somebody who hides: all that AIDE can compare.
for tool in auditctl auditd augenrules aureport ausearch autrace; do
    printf '/usr/sbin/%s p+i+n+u+g+s+b+acl+selinux+xattrs+sha512\n' "$tool"
done
for path in $HM_PATHS; do
    printf '%s f Content\n%s l Link\n%s d Folder\n' "$path" "$path" "$path"
done
