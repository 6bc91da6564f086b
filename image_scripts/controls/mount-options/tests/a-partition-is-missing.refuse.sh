# HM_PARTITIONS=/var/log
sh "$HALLMARK_CONTROL/apply.sh"
