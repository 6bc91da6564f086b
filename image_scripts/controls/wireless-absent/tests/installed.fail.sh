sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package firmware-iwlwifi
fake_package wpasupplicant /usr/sbin/wpa_supplicant
