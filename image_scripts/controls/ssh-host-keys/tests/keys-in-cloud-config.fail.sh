# The key is not in /etc/ssh: cloud-init would put it there on every server.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/cloud/cloud.cfg.d/50-keys.cfg <<'END'
ssh_keys:
  ed25519_private: |
    not a real one
  ed25519_public: ssh-ed25519 AAAA
manage_etc_hosts: false
END
