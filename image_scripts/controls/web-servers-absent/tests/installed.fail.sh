. "$HALLMARK_SCRIPTS/scenario.sh"
fake_package apache2-bin /usr/sbin/apache2
