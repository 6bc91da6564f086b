# Hardening has changed a file that one of its controls names.
echo '# hardened' >>/etc/login.defs
sh "$HALLMARK_CONTROL/apply.sh"
