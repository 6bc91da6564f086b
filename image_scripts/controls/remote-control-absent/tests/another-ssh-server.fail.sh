# Another SSH server, with rules of its own; and a shell in a browser.
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package dropbear-bin /usr/sbin/dropbear
fake_package ttyd /usr/bin/ttyd
