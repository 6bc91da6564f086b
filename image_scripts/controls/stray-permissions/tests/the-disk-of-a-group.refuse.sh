mknod -m 660 /dev/vda b 254 0
chgrp cdrom /dev/vda
