# A Match block wins over what stands before it, whoever it is for.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
cat >/etc/ssh/sshd_config.d/90-vendor.conf <<'END'
Match Address 10.0.0.0/8
    PasswordAuthentication yes
    AuthenticationMethods any
END
