# HALLMARK_PHASE=acceptance
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
fake_apparmor
echo N >/sys/module/apparmor/parameters/enabled
