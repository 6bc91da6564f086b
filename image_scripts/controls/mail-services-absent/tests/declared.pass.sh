# HM_DECLARED=sudo postfix
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package postfix /usr/sbin/sendmail
fake_package postfix-pcre
