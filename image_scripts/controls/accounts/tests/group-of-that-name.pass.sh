# HM_ADMINISTRATORS=operator
# Debian has a group of the administrator's name: it stays what it is.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
[ "$(id -gn operator)" = users ]
