# HM_DECLARED=sudo postfix
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package postfix /usr/sbin/sendmail
fake_package exim4-base /usr/sbin/exim4
