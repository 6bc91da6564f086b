#!/bin/sh
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

. "$HALLMARK_SCRIPTS/sockets.sh"

while read -r proto address port _; do
    [ -z "$proto" ] || finding "$proto $address:$port listens, which the recipe does not declare"
done <<END
$(undeclared_sockets)
END
speaks=$(resolver_speaks)
[ -z "$speaks" ] || finding "systemd-resolved is not told to leave these alone: $speaks"
all_sockets | while read -r proto address port _; do
    note "listens: $proto $address:$port"
done
conclude "nothing listens but what is declared: $HM_DECLARED; on loopback: $HM_DECLARED_LOCAL $HM_LOCAL"
