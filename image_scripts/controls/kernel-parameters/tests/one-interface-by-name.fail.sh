sh "$HALLMARK_CONTROL/apply.sh"
# An earlier file, but a name counts more than a `*`.
echo 'net.ipv4.conf.wg0.accept_redirects = 1' >/etc/sysctl.d/10-site.conf
