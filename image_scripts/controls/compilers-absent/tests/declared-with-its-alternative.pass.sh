# HM_DECLARED=gcc
# The compiler's common name is a link of update-alternatives', which no package owns.
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package gcc /usr/bin/gcc-14
update-alternatives --quiet --install /usr/bin/cc cc /usr/bin/gcc-14 20
sh "$HALLMARK_CONTROL/apply.sh"
[ -x /usr/bin/cc ] || exit 1
