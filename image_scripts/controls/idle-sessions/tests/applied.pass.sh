# In a shell within a shell as well, without a word of complaint.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
[ "$(bash -l -c 'bash -i -c "echo \$TMOUT" 2>/dev/null')" = 900 ]
[ -z "$(runuser -l root -c true 2>&1)" ]
