# A data source of cloud-init's may have its user data in its own configuration.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/cloud/cloud.cfg.d/99-site.cfg <<'END'
datasource_list: [NoCloud, None]
datasource:
  NoCloud:
    meta-data: {instance-id: one}
    user-data: |
      #cloud-config
      users: [{name: support, plain_text_passwd: support, lock_passwd: false}]
END
