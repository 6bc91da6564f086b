"""The platform local: QEMU machines on this host, a base made here, images in the store."""
