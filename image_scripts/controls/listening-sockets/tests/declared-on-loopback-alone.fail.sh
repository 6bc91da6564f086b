# HM_DECLARED_LOCAL=127.0.0.1:25/tcp
. "$HALLMARK_SCRIPTS/scenario.sh"
sh "$HALLMARK_CONTROL/apply.sh"
listen tcp 0.0.0.0 25
