. "$HALLMARK_SCRIPTS/scenario.sh"
mknod -m 660 /dev/sr0 b 11 0
mknod -m 660 /dev/sg0 c 21 0
chgrp cdrom /dev/sr0 /dev/sg0
mknod -m 660 /dev/vda b 254 0
chgrp disk /dev/vda
let_in /dev/sr0 1000 6
