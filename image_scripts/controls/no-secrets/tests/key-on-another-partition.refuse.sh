. "$HALLMARK_SCRIPTS/scenario.sh"
fake_partition /srv
ssh-keygen -q -t ed25519 -N "" -f /srv/deploy
