sh "$HALLMARK_CONTROL/apply.sh"
mount -t tmpfs -o nosuid homes /home
cp /usr/bin/true /home/tool
chmod 4755 /home/tool
