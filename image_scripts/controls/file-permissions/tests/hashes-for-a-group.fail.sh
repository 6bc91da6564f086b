# The permissions are as they should be; the group is another one.
sh "$HALLMARK_CONTROL/apply.sh"
chgrp games /etc/shadow
