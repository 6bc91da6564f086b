#!/bin/sh
# R1: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

profile=/etc/profile.d/zz-hallmark-umask.sh

# set_key KEY VALUE: in /etc/login.defs, once
set_key() {
    if [ "$(grep -E "^[[:space:]]*$1[[:space:]]" /etc/login.defs)" != "$1 $2" ]; then
        sed -i -E "/^[[:space:]]*$1([[:space:]]|\$)/d" /etc/login.defs
        echo "$1 $2" >>/etc/login.defs
    fi
}

set_key UMASK "$HM_UMASK"
# Else useradd and others take it that people's groups are theirs alone. Debian's pam_umask takes no notice of it.
set_key USERGROUPS_ENAB no
write_file 644 root:root /usr/share/pam-configs/hallmark-umask <<END
Name: Hallmark: what a session makes is closed to others
Default: yes
Priority: 0
Session-Type: Additional
Session:
	optional			pam_umask.so nousergroups
END
# Another service's line may win over the common one, which Debian's template has too.
sed -i -E '/pam_umask\.so/s/[[:space:]]+(umask=[0-7]*|usergroups)\b//g' /etc/pam.d/*
for stack in common-session common-session-noninteractive; do
    if ! grep -qE '^session[[:space:]]+optional[[:space:]]+pam_umask\.so nousergroups' "/etc/pam.d/$stack"; then
        # pam-auth-update keeps what somebody changed by hand; so it starts from its template.
        write_file 644 root:root "/etc/pam.d/$stack" <"/usr/share/pam/$stack"
        made=no
    fi
done
[ -z "${made-}" ] || pam-auth-update --force --enable hallmark-umask
rm -f /etc/pam.d/common-*.pam-old
# A comment of an account may set an umask too.
awk -F : '$5 ~ /umask=/ { print $1 }' /etc/passwd | while read -r user; do
    usermod -c '' "$user"
done

# What sets another umask than ours stays as a comment.
edit_files 's/^([[:space:]]*)((.*[;&|][[:space:]]*)?umask[[:space:]]+.*)$/\1: # set by Hallmark: \2/' \
    /etc/profile /etc/profile.d/*.sh /etc/bash.bashrc /etc/skel/.profile /etc/skel/.bashrc /etc/skel/.bash_profile \
    /etc/skel/.bash_login /root/.profile /root/.bashrc /root/.bash_profile /root/.bash_login
case $HM_UMASK in
    077) as_strict=77 ;;
    *) as_strict='[2367]7' ;;
esac
# The kernel is asked, and the value stands alone in its line: tools that read shells' files take each other one for a value too.
write_file 644 root:root "$profile" <<END
# Written by Hallmark (control default-umask). One that is stricter stays.
grep -qs '^Umask:.*$as_strict\$' /proc/self/status ||
    umask $HM_UMASK
END
# Shells that are no login shells read this alone.
[ ! -f /etc/bash.bashrc ] || repeat_in /etc/bash.bashrc '' <"$profile"
