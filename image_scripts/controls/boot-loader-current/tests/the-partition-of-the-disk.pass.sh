cat >/usr/local/sbin/findmnt <<'END'
#!/bin/sh
case "$*" in
    *mountpoint*) echo /dev/vda1 ;;
    *-T*) exec /usr/bin/findmnt "$@" ;;
    *) echo /dev/vda2 ;;
esac
END
cat >/usr/local/sbin/lsblk <<'END'
#!/bin/sh
case "$*" in
    *PARTTYPE*/dev/vda) printf '%s\n' '/dev/vda ' '/dev/vda1 C12A7328-F81F-11D2-BA4B-00A0C93EC93B' '/dev/vda2 4f68bce3-e8cd-4db1-96e7-fbcaf984b709' ;;
    *) printf '%s\n' '/dev/vda2 part' '/dev/vda disk' ;;
esac
END
chmod 755 /usr/local/sbin/findmnt /usr/local/sbin/lsblk
