sh "$HALLMARK_CONTROL/apply.sh"
mkdir -p /var/lib/cloud/instances/i-1
echo secret >/var/lib/cloud/instances/i-1/user-data.txt
chmod 755 /var/lib/cloud
