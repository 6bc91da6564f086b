# HM_NOPASSWD=no
# What one recipe declares is not right for another.
set -eu
useradd -m jdoe
HM_NOPASSWD=yes sh "$HALLMARK_CONTROL/apply.sh"
