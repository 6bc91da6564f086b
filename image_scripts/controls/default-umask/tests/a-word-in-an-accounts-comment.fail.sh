# pam_umask reads it there too, and it wins.
useradd -m -c 'J. Doe,,,,umask=0' jdoe
sh "$HALLMARK_CONTROL/apply.sh"
usermod -c 'J. Doe,,,,umask=0' jdoe
