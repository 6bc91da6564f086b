#!/bin/sh
# A2, A4, A6: see control.toml. Mends what can be mended here: keys that packages made. seal.sh takes out what belongs to the run;
# for whatever else there is the check fails, since nobody but the recipe's author knows what it was for.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

[ "$HALLMARK_PHASE" != drift ] || exit 0
maker=/usr/local/lib/hallmark/own-keys
unit=hallmark-own-keys.service

# program: makes each key of keys.tsv that is missing, on the machine whose key it is
program() {
    printf '#!/bin/sh\n# Written by Hallmark (control no-secrets): keys that packages make on installation, made anew on each server.\n'
    printf 'set -eu\numask 077\n'
    while IFS='	' read -r key needs command; do
        # shellcheck disable=SC2016
        printf 'if [ -x %s ] && [ ! -s %s ]; then\n    %s\nfi\n' "$needs" "$key" "$command"
    done <"$HALLMARK_CONTROL/keys.tsv"
}

service() {
    cat <<END
# Written by Hallmark (control no-secrets).
[Unit]
Description=Keys of this server's own, in place of those that packages made
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup.service
Before=sysinit.target shutdown.target
Conflicts=shutdown.target
ConditionPathIsReadWrite=/etc

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$maker

[Install]
WantedBy=sysinit.target
END
}

found=
while IFS='	' read -r key _; do
    if [ -s "$key" ]; then
        found=yes
        note "removing $key: each server makes its own"
        rm -f "$key"
    fi
done <"$HALLMARK_CONTROL/keys.tsv"
if [ -n "$found" ] || [ -e "/etc/systemd/system/$unit" ]; then
    program | write_file 0755 root:root "$maker"
    service | write_file 0644 root:root "/etc/systemd/system/$unit"
    enable_units "$unit"
fi
