sh "$HALLMARK_CONTROL/apply.sh"
echo 'post-invoke=/usr/bin/touch /tmp/got-in' >/etc/dpkg/dpkg.cfg.d/site
