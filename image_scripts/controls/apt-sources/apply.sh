#!/bin/sh
# P1, P9: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

ours=/etc/apt/sources.list.d/debian.sources

stanza() {
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.pgp\n' "$1" "$2"
}

for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ "$file" = "$ours" ] || rm -rf "$file"
done
if [ "$HM_SOURCES" = archive ] && [ -n "$HM_MIRROR" ] && [ -n "$HM_SECURITY_MIRROR" ]; then
    {
        echo "# Written by Hallmark (control apt-sources)."
        stanza "$HM_MIRROR" "trixie trixie-updates"
        echo
        stanza "$HM_SECURITY_MIRROR" trixie-security
    } | write_file 644 root:root "$ours"
else
    rm -f "$ours"
    for unit in apt-daily.timer apt-daily.service; do
        mask_unit "$unit" "part of apt, which is needed; there is no archive that it could ask"
    done
fi

# A later file would win over one of ours: no file says anything of this, and apt is strict by itself.
for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    [ ! -f "$file" ] ||
        sed -i -E '/Allow(Insecure|Weak|Unauthenticated|DowngradeToInsecure)|Check-(Valid-Until|Date)|Min-ValidTime|Verify-(Peer|Host)|Etc::Source/Id' "$file"
done
