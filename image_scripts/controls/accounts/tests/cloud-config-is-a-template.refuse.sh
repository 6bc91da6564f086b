# To YAML it is a comment; cloud-init makes a line of its own of it, before it reads the file.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/cloud/cloud.cfg.d/99-site.cfg <<'END'
## template: jinja
# {{ "\nusers: [{name: support, plain_text_passwd: support, lock_passwd: false}]" }}
END
