# HM_DECLARED=sudo nginx
. "$HALLMARK_SCRIPTS/scenario.sh"
DEPENDS=nginx-common fake_package nginx /usr/sbin/nginx
fake_package nginx-common
