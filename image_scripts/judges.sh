# Judges that are not ours, in the guest: unpacks their tools from the verified media into a tmpfs, runs those that were
# asked for side by side, and writes what they left. Nothing is installed, and nothing here judges: the host does.
#
# `judges.sh OUT` runs all; `judges.sh OUT NAME PROFILE` is one of them (PROFILE is - where there is none).
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

out=$1
tree=${HALLMARK_JUDGES:-/run/hallmark/judges}
# On an emulated processor that is shared a profile takes half an hour and more. What the machine may take in all still holds.
seconds=5400

if [ $# = 1 ]; then
    mkdir -p "$out" "$tree"
    # What is mounted over a folder of the image may be noexec there.
    mount -t tmpfs -o mode=0700,nodev,nosuid hallmark-judges "$tree"
    tar --extract --no-same-owner --directory="$tree" --file="$HALLMARK_MEDIA/judges/tools.tar"
    sed -n 's|^\([0-9a-f]\{64\}\)  judges/tools.tar$|\1|p' "$HALLMARK_MEDIA/MANIFEST" >"$out/tools.sha256"
    # OpenSCAP takes a quarter of a GiB.
    room=$(awk '$1 == "MemAvailable:" { print int($2 / 300000) + 1 }' /proc/meminfo)
    side_by_side=$(nproc)
    [ "$side_by_side" -lt "$room" ] || side_by_side=$room
    xargs -L 1 -P "$side_by_side" sh "$0" "$out" <"$HALLMARK_MEDIA/judges/asked"
    umount -l "$tree"
    exit
fi

judge=$2 profile=$3

lynis() {
    # It looks for its parts in the folder that it is started from.
    cd "$tree/usr/share/lynis"
    # For each line of its log it would start a program that tells the time: a third of all that it costs.
    sed -i 's/LOGTEXT=1$/LOGTEXT=0/' include/consts
    # What each test gets of its points it would say there alone.
    # shellcheck disable=SC2016 # for Lynis's own shell
    sed -i 's/^ *HPADD=$1; HPADDMAX=$2$/&; echo "$TEST_NO $1 $2" >>"$HALLMARK_POINTS"/' include/functions
    HALLMARK_POINTS=$out/points timeout -k 10 "$seconds" sh "$tree/usr/sbin/lynis" audit system --quick --no-colors --no-plugins \
        --plugindir "$tree/etc/lynis/plugins" --profile "$tree/etc/lynis/default.prf" \
        --no-log --report-file "$out/report.dat"
}

openscap() {
    export OSCAP_SCHEMA_PATH="$tree/usr/share/openscap/schemas" OSCAP_XSLT_PATH="$tree/usr/share/openscap/xsl"
    export OSCAP_CPE_PATH="$tree/usr/share/openscap/cpe"
    libraries=$tree/usr/lib/x86_64-linux-gnu
    whole=$tree/$profile.xml
    ended=0
    # By its own loader, so that only it has its libraries: the image's programs, which it starts, have the image's.
    timeout -k 10 "$seconds" "$libraries/ld-linux-x86-64.so.2" --inhibit-cache --library-path "$libraries" \
        "$tree/usr/bin/oscap" xccdf eval --skip-validation --profile "xccdf_org.ssgproject.content_profile_$profile" \
        --results "$whole" "$tree/usr/share/xml/scap/ssg/content/ssg-debian13-ds.xml" || ended=$?
    # The whole repeats the guide, thirty times as large.
    sed -n '/<TestResult /,/<\/TestResult>/p' "$whole" >"$out/results.xml"
    rm -f "$whole"
    # 2 says that a rule failed.
    [ "$ended" = 2 ] || return "$ended"
}

ssh_audit() {
    port=$(sshd -T | awk '$1 == "port" { print $2; exit }')
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$tree/usr/lib/python3/dist-packages timeout -k 10 300 \
        python3 -s -m ssh_audit --skip-rate-test --json --port "${port:-22}" 127.0.0.1 >"$out/ssh-audit.json"
}

# label of the judge: as the recipe's model makes it
label=$judge
[ "$profile" = - ] || label=$judge-$profile
out=$out/$label
mkdir "$out"
read -r start _ </proc/uptime
progress judge 0 0 "$label"
code=0
case $judge in
    lynis) (lynis) >"$out/said" 2>&1 </dev/null || code=$? ;;
    openscap) (openscap) >"$out/said" 2>&1 </dev/null || code=$? ;;
    ssh-audit) (ssh_audit) >"$out/said" 2>&1 </dev/null || code=$? ;;
esac
read -r end _ </proc/uptime
printf '%s\n' "$code" >"$out/exit"
awk "BEGIN { print $end - $start }" >"$out/seconds"
progress judge 0 0 "$label: exit code $code"
