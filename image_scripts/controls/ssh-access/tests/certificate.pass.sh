# A real sshd and a real client: a certificate for one's own name opens, one for another's name does not, nor one from a
# stranger, nor one that names nobody.
set -eu
for ca in ca stranger; do
    ssh-keygen -q -t ed25519 -N '' -f "/tmp/$ca"
done
read -r _ HM_AUTHORITIES _ </tmp/ca.pub
export HM_AUTHORITIES
sh "$HALLMARK_CONTROL/apply.sh"
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
useradd -m person

sign_in() { # CA OPTION...
    ca=$1
    shift
    rm -f /tmp/key*
    ssh-keygen -q -t ed25519 -N '' -f /tmp/key
    ssh-keygen -q -s "/tmp/$ca" -I somebody -V +1h "$@" /tmp/key.pub
    ssh -F none -i /tmp/key -o ProxyCommand='/usr/sbin/sshd -i' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o BatchMode=yes -o IdentitiesOnly=yes person@here id -un
}

[ "$(sign_in ca -n person)" = person ]
if sign_in ca -n other; then exit 1; fi
if sign_in ca; then exit 1; fi
if sign_in stranger -n person; then exit 1; fi
sh "$HALLMARK_CONTROL/check.sh"
# The check that follows is for a recipe without authorities.
HM_AUTHORITIES='' sh "$HALLMARK_CONTROL/apply.sh"
