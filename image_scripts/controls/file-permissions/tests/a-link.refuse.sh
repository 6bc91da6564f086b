sh "$HALLMARK_CONTROL/apply.sh"
mv /etc/gshadow /srv/gshadow
chmod 644 /srv/gshadow
ln -s /srv/gshadow /etc/gshadow
