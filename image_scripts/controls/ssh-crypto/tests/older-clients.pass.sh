# HM_KEX=mlkem768x25519-sha256 curve25519-sha256
# A recipe that declares a classical key agreement behind the hybrid.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
