# HALLMARK_PHASE=drift
# A live server has the kernel that linux-image-* asks for by now.
. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
fake_package linux-image-6.12.99+deb13-amd64
DEPENDS='linux-image-6.12.99+deb13-amd64 (= 1)' fake_package linux-image-sample
printf 'linux-image-sample\t1\tall\n' >>"$HALLMARK_PLAN/expected.tsv"
