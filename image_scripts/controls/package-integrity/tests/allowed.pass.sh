# HM_ALLOWED=/usr/lib/agent/* /usr/bin/less
sh "$HALLMARK_CONTROL/apply.sh"
mkdir /usr/lib/agent
cp /usr/bin/sh /usr/lib/agent/run
rm /usr/bin/less
