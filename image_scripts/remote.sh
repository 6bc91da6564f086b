# Looks at a live machine again, over SSH (hallmark/drift/ssh.py): the host sends this text to a shell of root's that is alone in a
# mount namespace, and after it a tar of the checks and their plan. Out go, on standard output, the image that the machine
# says it is of, and a tar of the results. Nothing is written on the machine: all of it is read-only to what runs here, but
# for a file system in memory that nobody else sees and that ends with this shell.
set -eu
umask 022
# The packages' own programs: /usr/local is what is looked at.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

image=-
[ ! -f /usr/share/hallmark/image ] || read -r image </usr/share/hallmark/image || true
printf 'image %s\n' "${image:--}"

# sshd's own empty folder: in memory already, so nothing on a disk is hidden from the checks.
place=/run/sshd
if [ ! -d "$place" ] || [ -L "$place" ]; then
    echo "$place: expected sshd's folder, to work in" >&2
    exit 1
fi
# With a source, mount asks no fstab.
mount -o remount,bind,ro=recursive none /
mount -t tmpfs -o mode=0755,size=128m,nosuid,nodev,noexec hallmark "$place"
tar -C "$place" --no-same-owner -xf -
mkdir "$place/tmp"
cd /

HALLMARK_PHASE=drift HALLMARK_SCRIPTS=$place/image_scripts HALLMARK_PLAN=$place/plan HALLMARK_MEDIA='' \
    HALLMARK_CONSOLE=/dev/null TMPDIR=$place/tmp \
    /bin/sh "$place/image_scripts/controls.sh" check "$place/results" </dev/null >&2
printf 'results\n'
tar --create --file=- --format=ustar --owner=0 --group=0 --directory="$place/results" .
