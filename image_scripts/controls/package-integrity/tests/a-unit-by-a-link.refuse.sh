# HALLMARK_PHASE=drift
# As `systemctl enable /srv/helper.service` makes one.
sh "$HALLMARK_CONTROL/apply.sh"
printf '[Service]\nExecStart=/srv/helper\n' >/srv/helper.service
ln -s /srv/helper.service /etc/systemd/system/helper.service
