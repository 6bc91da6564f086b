sh "$HALLMARK_CONTROL/apply.sh"
echo 'machine archive.example login a password b' >/etc/apt/auth.conf.d/site.conf
chmod 644 /etc/apt/auth.conf.d/site.conf
