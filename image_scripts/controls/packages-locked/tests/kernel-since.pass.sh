# HALLMARK_PHASE=drift
# A live server has the kernel that linux-image-* asks for by now, and the image's has gone.
. "$HALLMARK_SCRIPTS/scenario.sh"
own_plan
printf 'linux-image-6.12.1+deb13-amd64\tall\t6.12.1-1\t-\ttrixie\t-\n' >>"$HALLMARK_PLAN/lock.tsv"
fake_package linux-image-6.12.99+deb13-amd64
DEPENDS='linux-image-6.12.99+deb13-amd64 (= 1)' fake_package linux-image-sample
