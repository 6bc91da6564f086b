# HM_MIRROR=http://mirror.example/debian
# HM_SECURITY_MIRROR=http://security.example/debian-security
sh "$HALLMARK_CONTROL/apply.sh"
cp /usr/share/keyrings/debian-archive-keyring.pgp /usr/share/keyrings/debian-archive-own.pgp
echo more >>/usr/share/keyrings/debian-archive-own.pgp
sed -i 's/archive-keyring/archive-own/' /etc/apt/sources.list.d/debian.sources
