# HM_FILES=/usr/bin/sample-declared /usr/bin/sudo /usr/bin/su /usr/bin/passwd
. "$HALLMARK_SCRIPTS/scenario.sh"
setid_package 1
sh "$HALLMARK_CONTROL/apply.sh"
setid_package 2
