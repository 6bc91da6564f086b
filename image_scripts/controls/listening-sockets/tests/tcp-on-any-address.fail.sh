. "$HALLMARK_SCRIPTS/scenario.sh"
listen tcp 0.0.0.0 8080
