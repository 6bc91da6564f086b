# HALLMARK_PHASE=acceptance
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
fake_apparmor
# As aa-remove-unknown or a write to .remove leaves it.
sed -i '/^man_groff /d' /sys/kernel/security/apparmor/profiles
