# HALLMARK_PHASE=acceptance
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
fake_apparmor
echo lockdown,capability,yama,tomoyo >/sys/kernel/security/lsm
