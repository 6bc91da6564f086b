# A folder that is a link: it is taken away, and what it points to stays as it is.
set -eu
sh "$HALLMARK_CONTROL/apply.sh"
useradd -m jdoe
ln -s /usr/share /home/jdoe/.ssh
