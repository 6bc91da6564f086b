#!/bin/sh
# Acceptance, in the guest: the candidate has booted as any machine launched from it would; look at it and write down what
# there is. Nothing here judges: the host does. Run by bootstrap.sh from verified media, in two boots: what the first
# wrote is in first-boot/ when the second comes.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/stages.sh"
export HALLMARK_PHASE=acceptance

# shellcheck disable=SC1091
. "$HALLMARK_PLAN/build.env"
first=$HALLMARK_RESULTS/first-boot
facts=$HALLMARK_RESULTS/facts
mkdir -p "$facts" "$HALLMARK_RESULTS/recipe"

stage boot
sed -n 's/^btime //p' /proc/stat >"$facts/started"
# When this machine started for the first time, in seconds since the epoch: what is older comes from the image.
started=$first/facts/started
[ -e "$started" ] || started=$facts/started
read -r HALLMARK_SINCE <"$started"
export HALLMARK_SINCE
timeout "$HALLMARK_BOOT_SECONDS" systemctl is-system-running --wait >"$facts/system-state" || true
read -r up _ </proc/uptime
printf '%s\n' "$up" >"$facts/boot-seconds"

stage isolation
sh "$HALLMARK_SCRIPTS/isolation.sh" "$HALLMARK_RESULTS/isolation.txt" "$HALLMARK_EXPECT"

stage look
systemctl is-active multi-user.target >"$facts/multi-user" || true
systemctl list-units --failed --plain --no-legend --no-pager | awk '{ print $1 }' >"$facts/failed-units"
uname -r >"$facts/kernel"
find /boot -maxdepth 1 -name 'vmlinuz-*' -printf '%f\n' | sed 's/^vmlinuz-//' | sort -V >"$facts/kernels"
cat /etc/machine-id >"$facts/machine-id"
find /etc/ssh -maxdepth 1 -name 'ssh_host_*_key.pub' -exec ssh-keygen -l -f {} \; >"$facts/host-keys"
if command -v cloud-init >/dev/null; then
    cloud-init status --format=json >"$facts/cloud-init.json" 2>&1 || true
fi
ss -H -l -n -t -u -p >"$facts/listening" || true
journalctl -q -b -p warning --no-pager -o short-monotonic >"$HALLMARK_RESULTS/journal-warnings.log" || true
write_inventory acceptance

stage check
sh "$HALLMARK_SCRIPTS/controls.sh" check "$HALLMARK_RESULTS/controls"

stage recipe
failed=
for script in "$HALLMARK_MEDIA"/acceptance/*; do
    [ -e "$script" ] || continue
    name=${script##*/}
    progress recipe 0 0 "$name"
    code=0
    timeout -k 10 600 sh "$script" >"$HALLMARK_RESULTS/recipe/$name.out" 2>&1 </dev/null || code=$?
    printf '%s\n' "$code" >"$HALLMARK_RESULTS/recipe/$name.exit"
    [ "$code" = 0 ] || failed=yes
done
if [ -e "$HALLMARK_MEDIA/judges/asked" ] && [ -d "$first" ]; then
    stage judges
    sh "$HALLMARK_SCRIPTS/judges.sh" "$HALLMARK_RESULTS/judges"
fi
stage 'done'
# The candidate is rejected then, whatever a second boot would show.
[ -d "$first" ] || [ -n "$failed" ] || : >"$HALLMARK_AGAIN"
