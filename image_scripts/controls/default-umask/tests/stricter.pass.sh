# HM_UMASK=027
# Root's own is 077, and stays so.
sh "$HALLMARK_CONTROL/apply.sh"
echo 'umask 077' >>/root/.bashrc
