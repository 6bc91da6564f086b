# A shell that was started with a stricter umask keeps it.
sh "$HALLMARK_CONTROL/apply.sh"
for how in -i -l; do
    [ "$(umask 077 && HOME=/etc/skel bash "$how" -c umask 2>/dev/null)" = 0077 ]
    [ "$(umask 022 && HOME=/etc/skel bash "$how" -c umask 2>/dev/null)" = 0027 ]
done
