# The first thing that a guest runs, out of its user data: the one input that the host gives it directly and that
# nothing on the media can change. The host puts this script behind a header of assignments:
#   HALLMARK_MODE (build | accept...), HALLMARK_MANIFEST (SHA-256 of the media's MANIFEST), HALLMARK_DEADLINE (seconds),
#   HALLMARK_IMAGE (the id of the image that a build makes; else empty), HALLMARK_PROBES (for isolation.sh).
# It arms the deadline, verifies the media, and only then runs anything from it. It powers the machine off, always; where
# MODE.sh asks for another boot first, the machine restarts, and this script runs again.
set -eu

run=/run/hallmark
# cloud-init runs a boothook at each boot and sometimes twice in one.
[ ! -e "$run" ] || exit 0
mkdir -m 0700 "$run"
# Without default dependencies: those wait for cloud-init, which waits for this script.
systemd-run --quiet --collect --no-block --unit=hallmark-deadline --on-active="$HALLMARK_DEADLINE" \
    --timer-property=AccuracySec=1s --timer-property=DefaultDependencies=no --property=DefaultDependencies=no \
    systemctl poweroff --force --force

cat >"$run/main" <<'END'
set -eu
run=/run/hallmark
results=$run/results
media=$run/media
console=/dev/ttyS0
mkdir -m 0700 "$results" "$media"

say() {
    printf '::hallmark:: progress %s %s %s %s\n' "$1" "${3:-0}" "${4:-0}" "${2:-}" >"$console" || true
}

# on_results_disk TAR-WORDS...: tar between the results' folder and their disk
on_results_disk() {
    for disk in /dev/disk/by-id/virtio-HALLMARK-RESULTS /dev/disk/by-partlabel/HALLMARK-RESULTS; do
        if [ -b "$disk" ]; then
            tar --directory="$results" --file="$disk" "$@" || true
        fi
    done
}

finish() {
    code=$?
    trap - EXIT
    printf '%s\n' "$code" >"$results/exit"
    [ ! -e "$run/main.log" ] || cp "$run/main.log" "$results/guest.log"
    [ "$code" = 0 ] || rm -f "$run/again"
    if [ -e "$run/again" ]; then
        mkdir "$run/first-boot"
        mv "$results"/* "$run/first-boot"
        mv "$run/first-boot" "$results"
    fi
    say results "writing the results"
    # The host takes only results that this list vouches for: one that was cut short is no result.
    (cd "$results" && find . -type f ! -name MANIFEST -exec sha256sum {} + >MANIFEST) || true
    on_results_disk --create --format=ustar --owner=0 --group=0 .
    sync
    if [ -e "$run/again" ]; then
        say restart "for the second boot"
        systemctl reboot
    else
        say power-off "exit code $code"
        systemctl poweroff --force
    fi
}
trap finish EXIT
trap 'exit 143' TERM INT

find_media() {
    n=0
    until [ -b /dev/disk/by-label/HALLMARK ]; do
        n=$((n + 1))
        [ "$n" -le 60 ] || { echo "media: no volume labelled HALLMARK" && return 1; }
        sleep 0.5
    done
}

verify_media() {
    mount -t iso9660 -o ro,nodev,nosuid,noexec /dev/disk/by-label/HALLMARK "$media" || return 1
    echo "$HALLMARK_MANIFEST  $media/MANIFEST" | sha256sum --check --status ||
        { echo "media: MANIFEST is not the one that the user data names" && return 1; }
    (cd "$media" && sha256sum --check --strict --quiet MANIFEST) ||
        { echo "media: a file is not what MANIFEST says" && return 1; }
    listed=$(wc -l <"$media/MANIFEST")
    present=$(find "$media" -type f | wc -l)
    [ "$present" -eq $((listed + 1)) ] ||
        { echo "media: $present files, but MANIFEST lists $listed" && return 1; }
    [ -z "$(find "$media" ! -type f ! -type d)" ] ||
        { echo "media: something that is neither a file nor a folder" && return 1; }
}

main() {
    say media "verifying"
    find_media || return 1
    verify_media || return 1
    echo verified >"$results/media"
    # Of a boot before this one; a new disk is empty, and tar finds nothing there.
    on_results_disk --extract ./first-boot 2>/dev/null
    export HALLMARK_RESULTS="$results" HALLMARK_MEDIA="$media" HALLMARK_CONSOLE="$console"
    export HALLMARK_SCRIPTS="$media/image_scripts" HALLMARK_PLAN="$media/plan" HALLMARK_AGAIN="$run/again"
    sh "$media/image_scripts/$HALLMARK_MODE.sh"
}

main >"$run/main.log" 2>&1
END

systemd-run --quiet --collect --no-block --unit=hallmark --service-type=exec --property=DefaultDependencies=no \
    --property=Conflicts=shutdown.target --setenv=PATH="$PATH" --setenv=LC_ALL=C.UTF-8 \
    --setenv=DEBIAN_FRONTEND=noninteractive --setenv=HALLMARK_MODE="$HALLMARK_MODE" \
    --setenv=HALLMARK_MANIFEST="$HALLMARK_MANIFEST" --setenv=HALLMARK_IMAGE="$HALLMARK_IMAGE" \
    --setenv=HALLMARK_PROBES="${HALLMARK_PROBES:-}" /bin/sh "$run/main"
