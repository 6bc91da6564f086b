# HALLMARK_PHASE=drift
# One that was there has another line.
echo 'umask 027' >>/root/.bashrc
sh "$HALLMARK_CONTROL/apply.sh"
echo '. /srv/helper' >>/root/.bashrc
