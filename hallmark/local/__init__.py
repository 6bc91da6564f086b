"""The platform local: QEMU machines on this host, images in the store."""
