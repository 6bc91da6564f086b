# HM_DECLARED=sudo postfix
. "$HALLMARK_SCRIPTS/scenario.sh"
DEPENDS='postfix-pcre (>= 1), sudo' fake_package postfix /usr/sbin/sendmail
fake_package postfix-pcre
