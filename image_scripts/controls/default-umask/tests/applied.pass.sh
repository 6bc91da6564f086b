# With people, whose group has their name; and what is made then, by real programs.
set -eu
useradd -m jdoe
sh "$HALLMARK_CONTROL/apply.sh"
umask 0
su -l jdoe -c 'touch by-su; mkdir folder'
runuser -l jdoe -c 'touch by-runuser'
[ "$(cd /home/jdoe && stat -c %a by-su folder by-runuser | tr '\n' ' ')" = '640 750 640 ' ]
