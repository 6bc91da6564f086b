# What a link points to keeps its mode.
set -eu
useradd -m jdoe
before=$(stat -c %a /usr/share /usr/share/doc)
ln -s /usr/share /home/jdoe/.ssh
sh "$HALLMARK_CONTROL/apply.sh"
[ "$before" = "$(stat -c %a /usr/share /usr/share/doc)" ]
