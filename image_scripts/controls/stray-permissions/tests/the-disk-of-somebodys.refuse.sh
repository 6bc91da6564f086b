# As a rule of udev's can give them; these nodes come with each boot.
mknod -m 600 /dev/vda b 254 0
chown games /dev/vda
