#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

if [ -z "$HALLMARK_MEDIA" ]; then
    [ "$HALLMARK_PHASE" = drift ] || fail "no media are mounted"
    not_applicable "no media are mounted"
fi

options=
while read -r _ place type flags _; do
    [ "$place" != "$HALLMARK_MEDIA" ] || options="$type,$flags"
done </proc/self/mounts
case ",$options," in
    ,,) finding "$HALLMARK_MEDIA: expected a mounted volume, got none" ;;
    *,ro,*) note "$HALLMARK_MEDIA: $options" ;;
    *) finding "$HALLMARK_MEDIA: expected it to be mounted read-only, got $options" ;;
esac

cd "$HALLMARK_MEDIA"
[ -s MANIFEST ] || fail "$HALLMARK_MEDIA/MANIFEST is missing"
skip='  debs/'
[ "$HM_VERIFY" = scripts ] || skip='^$'
grep -v "$skip" MANIFEST | sha256sum --check --strict --quiet || finding "a file is not what MANIFEST says"
conclude "the media are read-only and match their manifest ($HM_VERIFY)"
