sh "$HALLMARK_CONTROL/apply.sh"
sed -i 's/^lock\t.*/lock\tffffffffffffffff/' /usr/share/hallmark/patch-record
