#!/bin/sh
# Installs every .deb of the media in one apt transaction. Work that packages ask for again and again (initial RAM disks,
# GRUB's menu, certificate links, manual page indexes, daemon reloads) is put off and done once, by boot_files.sh and below:
# under emulation it is most of a naive build's time.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

run=/run/hallmark
debs=$HALLMARK_MEDIA/debs
put_off=$run/put-off
lists=$run/lists
mkdir -p "$put_off" "$lists/partial" "$run/archives/partial"
# A file system of its own: on /run nothing may be executed.
mount -t tmpfs -o mode=0755,size=1m tmpfs "$put_off"

set -- "$debs"/*.deb
if [ ! -e "$1" ]; then
    echo "patch: nothing to install"
    exit 0
fi

# put_off_command NAME: calls of NAME are noted in $put_off instead of run; $1 of the stand-in's call is kept.
put_off_command() {
    printf '#!/bin/sh\necho "$*" >>%s/%s.calls\n' "$put_off" "$1" >"$put_off/$1"
    chmod 755 "$put_off/$1"
}
for command in update-initramfs update-grub update-ca-certificates; do
    put_off_command "$command"
done
cat >"$put_off/systemctl" <<END
#!/bin/sh
case " \$* " in
    *" daemon-reload "*) echo "\$*" >>$put_off/systemctl.calls ;;
    *) exec /usr/bin/systemctl "\$@" ;;
esac
END
chmod 755 "$put_off/systemctl"

# No service is started or restarted: nothing but this script may act while the image is built.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
man_index=no
if [ -e /var/lib/man-db/auto-update ]; then
    man_index=yes
    rm /var/lib/man-db/auto-update
fi

# None of the image's own apt settings: they would preconfigure, list changes and look for restarts.
cat >"$run/apt.conf" <<END
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$lists";
Dir::Cache "$run";
Dir::Cache::archives "$run/archives";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
DPkg::Path "$put_off:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
DPkg::Options { "--force-confdef"; "--force-confold"; "--force-unsafe-io"; };
DPkg::Use-Pty "false";
END
export APT_CONFIG="$run/apt.conf"

apt-mark showmanual >"$run/manual"
total=$#
# What cannot be beside a control's package goes with its configuration, in the same transaction.
purge=
if [ -e "$HALLMARK_PLAN/replaced" ]; then
    purge=--purge
    while read -r name; do
        set -- "$@" "$name-"
    done <"$HALLMARK_PLAN/replaced"
fi
exec 4>&1
{
    apt-get -q -y --allow-downgrades ${purge:+"$purge"} -o APT::Status-Fd=3 install "$@" 3>&1 >&4 || echo "$?" >"$run/apt.failed"
} | {
    n=0
    seen=' '
    while IFS=: read -r kind package _ text; do
        case $kind:$text in
            pmstatus:Installed*) ;;
            *) continue ;;
        esac
        contains "$seen" "$package" && continue
        seen="$seen$package "
        n=$((n + 1))
        progress patch "$n" "$total" "$package"
    done
}
exec 4>&-
rm -f /usr/sbin/policy-rc.d
[ "$man_index" = no ] || touch /var/lib/man-db/auto-update

if [ -e "$run/apt.failed" ]; then
    echo "patch: apt-get failed with exit code $(cat "$run/apt.failed")"
    exit 1
fi

# apt takes what it is given as a file for wanted by hand; only the recipe's packages and what was wanted before are.
sort -u "$run/manual" "$HALLMARK_PLAN/wanted" >"$run/wanted"
apt-mark showmanual | sort -u | comm -23 - "$run/wanted" >"$run/automatic"
[ ! -s "$run/automatic" ] || xargs apt-mark -qq auto <"$run/automatic"

progress patch 0 0 "once for all: certificates, units"
[ ! -e "$put_off/update-ca-certificates.calls" ] || update-ca-certificates
[ ! -e "$put_off/systemctl.calls" ] || systemctl daemon-reload

dpkg --audit >"$HALLMARK_RESULTS/dpkg-audit.txt"
if [ -s "$HALLMARK_RESULTS/dpkg-audit.txt" ]; then
    echo "patch: dpkg is left with unfinished packages:"
    cat "$HALLMARK_RESULTS/dpkg-audit.txt"
    exit 1
fi
