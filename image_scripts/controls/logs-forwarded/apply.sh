#!/bin/sh
# L2: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ -n "$HM_SERVER" ] || not_applicable "the recipe names no log server (logs-forwarded: server)"
[ -n "$HM_AUTHORITIES" ] || fail "logs-forwarded: expected the authority of the log server's certificate under authorities"

folder=/etc/hallmark/logs
mkdir -p "$folder"
chown root:root /etc/hallmark "$folder"
chmod go-w /etc/hallmark "$folder"
# shellcheck disable=SC2086 # a list is words
for authority in $HM_AUTHORITIES; do
    echo '-----BEGIN CERTIFICATE-----'
    printf '%s\n' "$authority" | fold -w 64
    echo '-----END CERTIFICATE-----'
done | write_file 644 root:root "$folder/authorities.pem"
openssl x509 -in "$folder/authorities.pem" -noout -subject || fail "logs-forwarded: authorities: expected certificates"
# The build's machine has none that could be the server's.
[ "$HALLMARK_PHASE" = drift ] || rm -f "$folder/client.key" "$folder/client.crt"

own=
start='# It sends without a key of its own.'
if [ "$HM_CLIENT_KEY" = yes ]; then
    own="defaultNetstreamDriverKeyFile=\"$folder/client.key\" defaultNetstreamDriverCertFile=\"$folder/client.crt\""
    start="ConditionPathExists=$folder/client.key"
fi
# Drop-ins could take lines out before they are sent. queue.size counts lines, and is 1000 where nothing else is said: the limit
# is to be the recipe's, of the disk.
write_file 644 root:root /etc/rsyslog.conf <<END
# Written by Hallmark (control logs-forwarded).
global(workDirectory="/var/spool/rsyslog" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="$folder/authorities.pem" $own)
module(load="imjournal" StateFile="journal" IgnorePreviousMessages="off" PersistStateInterval="100" Ratelimit.Interval="0" FileCreateMode="0600")
module(load="imfile")
input(type="imfile" File="/var/log/audit/audit.log" Tag="audit" Facility="authpriv")
action(type="omfwd" target="$HM_SERVER" port="$HM_PORT" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="${HM_NAME:-$HM_SERVER}" StreamDriver.PermitExpiredCerts="off" action.resumeRetryCount="-1" action.resumeInterval="30" queue.type="Disk" queue.filename="forward" queue.size="2000000000" queue.maxDiskSpace="$HM_QUEUE" queue.maxFileSize="1m" queue.saveOnShutdown="on" queue.timeoutEnqueue="0")
END
mkdir -p /var/spool/rsyslog
chown root:root /var/spool/rsyslog
chmod 700 /var/spool/rsyslog
rm -f /etc/systemd/system/rsyslog.service
write_file 644 root:root /etc/systemd/system/rsyslog.service.d/hallmark.conf <<END
# Written by Hallmark (control logs-forwarded). User data brings the key.
[Unit]
After=cloud-init.service cloud-init-network.service
$start
END
for other in /etc/systemd/system/rsyslog.service.d/*; do
    [ "${other##*/}" = hallmark.conf ] || rm -f "$other"
done
enable_units rsyslog.service
