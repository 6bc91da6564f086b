# A later file gives the first administrator's account more than the recipe does, and adds a user.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/cloud/cloud.cfg.d/99-site.cfg <<'END'
users:
  - default
  - {name: support, plain_text_passwd: support}
system_info: {default_user: {sudo: "ALL=(ALL) NOPASSWD: ALL"}}
END
