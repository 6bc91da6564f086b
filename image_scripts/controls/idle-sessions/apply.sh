#!/bin/sh
# A7: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

profile=/etc/profile.d/00-hallmark-timeout.sh
write_file 644 root:root "$profile" <<END
# Written by Hallmark (control idle-sessions). It may be read twice: the second time the variable cannot be set any more.
if ! (unset TMOUT) 2>/dev/null; then
    :
elif [ -n "\${BASH_VERSION-}" ]; then
    declare -xr TMOUT=$HM_SECONDS
else
    TMOUT=$HM_SECONDS
    readonly TMOUT
    export TMOUT
fi
END
# Others that set it would fail at it, with a message at each sign-in.
for file in /etc/profile /etc/profile.d/*.sh /etc/bash.bashrc /root/.profile /root/.bashrc /root/.bash_profile /root/.bash_login \
    /etc/skel/.profile /etc/skel/.bashrc; do
    [ ! -f "$file" ] || [ "$file" = "$profile" ] ||
        sed -i -E 's/^([[:space:]]*)((readonly|export|declare|typeset)[[:space:]]+(-[a-z]+[[:space:]]+)*)?TMOUT\b.*$/\1: # set by Hallmark: &/' "$file"
done
# Shells that are no login shells read this alone.
if [ -f /etc/bash.bashrc ] && ! grep -qFx ". $profile" /etc/bash.bashrc; then
    printf '. %s\n' "$profile" >>/etc/bash.bashrc
fi
