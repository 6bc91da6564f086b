# A package by a name that nobody listed brings it.
sh "$HALLMARK_CONTROL/apply.sh"
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package radio-blobs /usr/lib/firmware/rtlwifi/rtl8192cufw.bin
