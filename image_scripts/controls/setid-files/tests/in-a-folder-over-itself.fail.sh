# The walk of the disk stops where something is mounted.
sh "$HALLMARK_CONTROL/apply.sh"
mkdir /opt/tools
cp /usr/bin/true /opt/tools/rootshell
chmod 4755 /opt/tools/rootshell
mount --bind /opt/tools /opt/tools
