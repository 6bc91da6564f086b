# HM_DECLARED=git nodejs
# A recipe that declares some of it gets these, with what they need.
. "$HALLMARK_SCRIPTS/scenario.sh"
DEPENDS='git-man (>= 1), libc6 | libc6-alternative' fake_package git /usr/bin/git
fake_package git-man
fake_package nodejs /usr/bin/node
