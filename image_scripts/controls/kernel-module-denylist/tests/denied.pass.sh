# HM_MODULES=tipc nf_tables
sh "$HALLMARK_CONTROL/apply.sh"
