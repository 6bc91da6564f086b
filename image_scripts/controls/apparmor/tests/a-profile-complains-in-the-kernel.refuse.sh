# HALLMARK_PHASE=acceptance
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
fake_apparmor
# The files are in order; somebody has loaded this one by hand.
sed -i '/^man_groff /s/enforce/complain/' /sys/kernel/security/apparmor/profiles
