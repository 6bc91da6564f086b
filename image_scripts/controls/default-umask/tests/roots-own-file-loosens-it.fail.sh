sh "$HALLMARK_CONTROL/apply.sh"
echo '	umask 022' >>/root/.bashrc
