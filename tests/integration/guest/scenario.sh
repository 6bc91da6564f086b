# shellcheck shell=sh
# Helpers for scenarios: `. "$HALLMARK_SCRIPTS/scenario.sh"`.

# make_deb NAME VERSION TARGET [FILE...]: builds a real .deb that ships the files as executables. A %3a in VERSION is a colon.
make_deb() {
    _name=$1 _version=$2 _target=$3
    shift 3
    _dir=$(mktemp -d)
    chmod 0755 "$_dir"
    mkdir "$_dir/DEBIAN"
    case $_version in
        *%3a*) _version="${_version%\%3a*}:${_version#*%3a}" ;;
    esac
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: tests <tests@example.org>\nDescription: a sample\n' \
        "$_name" "$_version" >"$_dir/DEBIAN/control"
    [ -z "${DEPENDS-}" ] || printf 'Depends: %s\n' "$DEPENDS" >>"$_dir/DEBIAN/control"
    for _file in "$@"; do
        mkdir -p "$_dir${_file%/*}"
        printf '#!/bin/sh\nexit 0\n' >"$_dir$_file"
        chmod 0755 "$_dir$_file"
    done
    [ -z "${SETID-}" ] || chmod 4755 "$_dir$SETID"
    dpkg-deb --root-owner-group -Znone -b "$_dir" "$_target" >/dev/null
}

# fake_package NAME [FILE...]: builds and installs version 1 of a package.
fake_package() {
    _package=$1
    shift
    make_deb "$_package" 1 "/tmp/$_package.deb" "$@"
    dpkg --force-all -i "/tmp/$_package.deb" >/dev/null
}

# setid_package VERSION: installs a package with a setuid program that nobody declared.
setid_package() {
    SETID=/usr/bin/sample-setuid
    make_deb sample "$1" /tmp/sample.deb "$SETID"
    SETID=
    dpkg -i /tmp/sample.deb >/dev/null
}

# own_plan: makes HALLMARK_PLAN a copy that the scenario may change.
own_plan() {
    cp -r "$HALLMARK_PLAN" /tmp/plan
    mount --bind /tmp/plan "$HALLMARK_PLAN"
}

# own_media: makes HALLMARK_MEDIA an empty volume that the scenario may fill.
own_media() {
    mount -t tmpfs media "$HALLMARK_MEDIA"
    mkdir "$HALLMARK_MEDIA/debs"
}

# listen tcp|tcp6|udp|udp6 ADDRESS PORT: a process that listens until the scratch root ends.
listen() {
    ip link set lo up
    for _local in 127.0.0.53 127.0.0.54; do
        ip addr replace "$_local/8" dev lo
    done
    setsid python3 -I -S -c '
import socket, sys, time
family = socket.AF_INET6 if sys.argv[1].endswith("6") else socket.AF_INET
kind = socket.SOCK_STREAM if sys.argv[1].startswith("tcp") else socket.SOCK_DGRAM
s = socket.socket(family, kind)
if family == socket.AF_INET6:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
s.bind((sys.argv[2], int(sys.argv[3])))
if kind == socket.SOCK_STREAM:
    s.listen()
open(sys.argv[4], "w").close()
time.sleep(600)
' "$1" "$2" "$3" "/tmp/listens-$1-$3" >/dev/null 2>&1 </dev/null &
    until [ -e "/tmp/listens-$1-$3" ]; do
        sleep 0.02
    done
}

# fake_boot_disk MOUNTED PARTITION...: the root file system is on /dev/vda2, these partitions of its disk are for boot loaders (ESP_TYPE:
# how lsblk spells that), and the first word says what is mounted at /boot/efi. Stand-ins for findmnt and lsblk.
fake_boot_disk() {
    cat >/usr/local/sbin/findmnt <<END
#!/bin/sh
case "\$*" in
    *mountpoint*) echo $1 ;;
    *-T*) exec /usr/bin/findmnt "\$@" ;;
    *) echo /dev/vda2 ;;
esac
END
    shift
    cat >/usr/local/sbin/lsblk <<END
#!/bin/sh
case "\$*" in
    *PARTTYPE*/dev/vda)
        printf '%s\n' '/dev/vda ' '/dev/vda2 4f68bce3-e8cd-4db1-96e7-fbcaf984b709'
        printf '%s ${ESP_TYPE:-c12a7328-f81f-11d2-ba4b-00a0c93ec93b}\n' $*
        ;;
    *) printf '%s\n' '/dev/vda2 part' '/dev/vda disk' ;;
esac
END
    chmod 755 /usr/local/sbin/findmnt /usr/local/sbin/lsblk
}

# live_journal SECONDS: the journal of a live server, whose newest entry is so old; a stand-in for journalctl.
live_journal() {
    _id=0123456789abcdef0123456789abcdef
    echo $_id >/etc/machine-id
    mkdir -m 2750 /var/log/journal/$_id
    : >/var/log/journal/$_id/system.journal
    chmod 640 /var/log/journal/$_id/system.journal
    chown -R root:systemd-journal /var/log/journal
    cat >/usr/local/bin/journalctl <<END
#!/bin/sh
case \$* in
    *--list-boots*) printf '[{"boot_id":"%s"}]' "\$(tr -d - </proc/sys/kernel/random/boot_id)" ;;
    *'-n 1 -o json') printf '{"__REALTIME_TIMESTAMP":"%s000000"}' "\$((\$(date +%s) - $1))" ;;
esac
END
    chmod 755 /usr/local/bin/journalctl
}

# sshd_before_apply: a real server that was started with Debian's configuration; apply writes the right one a second later.
sshd_before_apply() {
    rm -f /etc/ssh/ssh_host_*
    ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    mkdir -p /run/sshd
    /usr/sbin/sshd
    sleep 1
    HALLMARK_PHASE=build sh "$HALLMARK_CONTROL/apply.sh"
}

# read_packets: a process that reads all packets of ICMP, and all of any kind.
read_packets() {
    setsid python3 -I -S -c '
import socket, time
sockets = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300), socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)]
open("/tmp/reads-packets", "w").close()
time.sleep(600)
' >/dev/null 2>&1 </dev/null &
    until [ -e /tmp/reads-packets ]; do
        sleep 0.02
    done
}

# start_fail2ban: its server, as its unit starts it; there is no journal here for it to read.
start_fail2ban() {
    mkdir -p /run/fail2ban /run/log/journal
    mount -t tmpfs fail2ban /var/lib/fail2ban # what is open for writing cannot be made read-only for the check
    setsid fail2ban-server -xf start >/tmp/fail2ban.log 2>&1 </dev/null &
    until fail2ban-client ping >/dev/null 2>&1; do
        sleep 0.1
    done
    until fail2ban-client status sshd >/dev/null 2>&1; do
        sleep 0.1
    done
}

# fake_apparmor: a booted machine whose kernel has loaded what the parser loads: aa-status asks the kernel's files. Where the
# machine that runs the tests has AppArmor itself, its own files are hidden.
fake_apparmor() {
    mkdir -p /sys/kernel/security /sys/module/apparmor/parameters
    mount -t securityfs securityfs /sys/kernel/security
    mount -t tmpfs tmpfs /sys/kernel/security
    mkdir /sys/kernel/security/apparmor
    echo Y >/sys/module/apparmor/parameters/enabled
    echo lockdown,capability,yama,apparmor >/sys/kernel/security/lsm
    apparmor_parser -q -Q -K -d /etc/apparmor.d 2>&1 | awk '/^Name:\t\t/ { print $2 " (enforce)" }' \
        >/sys/kernel/security/apparmor/profiles
    printf 'linux /vmlinuz apparmor=1 security=apparmor\n' >/boot/grub/grub.cfg
}

# fake_kernel_parameters: a booted machine whose kernel has the values of the control's table, on three interfaces.
fake_kernel_parameters() {
    mount -t tmpfs proc-sys /proc/sys
    while IFS='	' read -r _key _value _; do
        for _interface in all lo eth0; do
            _path=/proc/sys/$(printf '%s' "$_key" | tr . / | sed "s/\*/$_interface/")
            mkdir -p "${_path%/*}"
            echo "$_value" >"$_path"
        done
    done <"$HALLMARK_TABLE"
}

# let_in PATH UID BITS: an access control list that lets one user in besides, with the bits (4 read, 2 write, 1 execute).
let_in() {
    python3 -I -c '
import os, stat, struct, sys
path, who, bits = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
mode, nobody = os.stat(path).st_mode, 2**32 - 1
rows = [(1, mode >> 6 & 7, nobody), (2, bits, who), (4, mode >> 3 & 7, nobody), (16, bits | mode >> 3 & 7, nobody), (32, mode & 7, nobody)]
os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows))
' "$1" "$2" "$3"
}

# fake_command_line: a booted machine whose kernel and boot menu have the words of the control's table; /tmp/cmdline is the kernel's.
fake_command_line() {
    awk -F '\t' '{ line = line " " ($2 == "-" ? $1 : $1 "=" $2) } END { print "root=/dev/vda1 ro" line }' "$HALLMARK_TABLE" >/tmp/cmdline
    mount --bind /tmp/cmdline /proc/cmdline
    printf 'linux /vmlinuz %s\n' "$(cat /tmp/cmdline)" >/boot/grub/grub.cfg
}

# fake_partition PLACE: a file system of its own there, which the kernel calls a partition's.
fake_partition() {
    mount -t tmpfs -o mode=0755 partition "$1"
    mount -t tmpfs proc /proc
    mkdir /proc/self
    {
        echo '21 1 0:40 / / rw,relatime shared:1 - overlay overlay rw'
        printf '22 21 253:5 / %s rw,relatime shared:2 - ext4 /dev/vda5 rw,discard\n' "$1"
        echo '23 21 253:1 /home /mnt rw,relatime shared:1 - ext4 /dev/vda1 rw,discard'
    } >/proc/self/mountinfo
}

# fake_mounts: a booted machine whose kernel has the mounts of the control's table, and others that systemd makes.
fake_mounts() {
    mount -t tmpfs proc /proc
    mkdir /proc/1
    {
        echo '21 1 253:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,discard'
        while IFS='	' read -r _target _options _; do
            printf '22 21 0:22 / %s rw,%s,relatime shared:2 - tmpfs tmpfs rw\n' "$(printf '%s' "$_target" | sed 's/\*/1000/')" "$_options"
        done <"$HALLMARK_TABLE"
        echo '40 24 0:35 / /proc/sys/fs/binfmt_misc rw,relatime shared:14 - autofs systemd-1 rw,fd=29'
        echo '41 26 0:36 / /run/lock rw,nosuid,nodev,noexec,relatime shared:15 - tmpfs tmpfs rw,size=5120k'
        echo '42 26 0:37 / /sys/kernel/security rw,nosuid,nodev,noexec,relatime shared:16 - securityfs securityfs rw'
    } >/proc/1/mountinfo
}

# fake_process NUMBER NAME: besides, a process of root's that has these mounts as its own view of them.
fake_process() {
    mkdir -p "/proc/$1/ns" /proc/1/ns
    echo "$2" >"/proc/$1/comm"
    ln -s / "/proc/$1/root"
    ln -s "mnt:[1]" /proc/1/ns/mnt
    ln -s "mnt:[$1]" "/proc/$1/ns/mnt"
    cp /proc/1/mountinfo "/proc/$1/mountinfo"
}
