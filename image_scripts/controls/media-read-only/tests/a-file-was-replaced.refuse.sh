# Nothing can mend that: the image must not pass.
mount -t tmpfs media "$HALLMARK_MEDIA"
mkdir "$HALLMARK_MEDIA/plan"
echo good >"$HALLMARK_MEDIA/plan/plan"
(cd "$HALLMARK_MEDIA" && sha256sum plan/plan >MANIFEST)
echo evil >"$HALLMARK_MEDIA/plan/plan"
mount -o remount,ro "$HALLMARK_MEDIA"
