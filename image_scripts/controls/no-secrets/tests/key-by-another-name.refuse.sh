# An OpenSSH key in a folder of documentation, by the name of a picture.
set -eu
ssh-keygen -q -t ed25519 -N '' -f /usr/share/doc/logo.png
rm /usr/share/doc/logo.png.pub
