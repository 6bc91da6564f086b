useradd -m jdoe
mkdir -m 700 /home/jdoe/.ssh
chown jdoe: /home/jdoe/.ssh
sh "$HALLMARK_CONTROL/apply.sh"
