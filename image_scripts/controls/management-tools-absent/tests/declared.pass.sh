# HM_DECLARED=puppet-agent
. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package puppet-agent
