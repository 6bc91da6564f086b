. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package gdb /usr/bin/gdb
