# The menu is found on another file system than that of /boot/grub.
cat >/usr/local/sbin/findmnt <<'END'
#!/bin/sh
case "$*" in
    *-T*) echo / / 11111111-2222-3333-4444-555555555555 ;;
    *) exec /usr/bin/findmnt "$@" ;;
esac
END
chmod 755 /usr/local/sbin/findmnt
