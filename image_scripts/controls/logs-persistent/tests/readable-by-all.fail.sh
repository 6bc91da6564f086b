sh "$HALLMARK_CONTROL/apply.sh"
mkdir /var/log/journal/0123456789abcdef0123456789abcdef
echo entries >/var/log/journal/0123456789abcdef0123456789abcdef/system.journal
chmod 644 /var/log/journal/0123456789abcdef0123456789abcdef/system.journal
