. "$HALLMARK_SCRIPTS/scenario.sh"
listen tcp 127.0.0.1 5432
