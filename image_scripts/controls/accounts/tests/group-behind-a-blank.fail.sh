# glibc takes no notice of a blank before a name: sudo finds these people in a group of its own's name.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
echo " sudo:x:990:www-data" >>/etc/group
