# Root goes on with su, for its jobs.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
[ "$(su jdoe -c 'id -un')" = jdoe ]
[ "$(su -l jdoe -c 'id -un')" = jdoe ]
