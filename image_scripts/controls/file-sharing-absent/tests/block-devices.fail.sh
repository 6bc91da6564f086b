# Disks over the network, and files by rsync's own protocol.
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package open-iscsi /usr/sbin/iscsid
fake_package tgt /usr/sbin/tgtd
fake_package rsync /usr/bin/rsync
