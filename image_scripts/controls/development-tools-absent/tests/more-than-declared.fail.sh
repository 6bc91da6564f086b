# HM_DECLARED=git
# What is declared lets nothing else in.
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package git /usr/bin/git
fake_package git-daemon-run
fake_package gdb /usr/bin/gdb
