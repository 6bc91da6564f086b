# HM_DECLARED=sudo nginx
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package nginx /usr/sbin/nginx
fake_package nginx-common
