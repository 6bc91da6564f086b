#!/bin/sh
# A6, A8: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
# shellcheck source=image_scripts/controls/console-sign-in/consoles.sh
. "$HALLMARK_CONTROL/consoles.sh"

for file in $(openings); do
    finding "$file: changes what a console asks for"
done
for file in $(shells_on_boot); do
    finding "$file: opens a shell that asks nobody"
done
masked debug-shell.service || finding "debug-shell.service is not masked"

# The running machine has the last word: drop-ins, generators and the kernel's command line together.
if [ -d /run/systemd/system ]; then
    systemctl show -p ExecStart 'getty@*.service' 'serial-getty@*.service' | grep -E -- '--?a(utologin)?([[:space:]=]|$)|--login-program|--skip-login' &&
        finding "a console that is open signs in by itself, or runs a program of its own"
    ! systemctl is-active --quiet debug-shell.service || finding "debug-shell.service is running"
fi

if [ "$HM_SIGN_IN" = yes ]; then
    [ -x /usr/bin/login ] || finding "the console has a prompt and nothing behind it: package login is missing"
    [ -s /etc/pam.d/login ] || finding "/etc/pam.d/login: expected the rules for signing in on the console"
    conclude "the console asks for a name and a password"
fi
for unit in $prompts; do
    masked "$unit" || finding "$unit is not masked, and the recipe wants no prompt on the console"
done
conclude "the console has no prompt"
