#!/bin/sh
# P6, R2: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"

ours=/etc/apt/apt.conf.d/zz-hallmark-client
loose='(DPkg::(Pre-Invoke|Post-Invoke|Pre-Install-Pkgs|Options)|APT::(Update|Install)::[A-Za-z-]*(Invoke|Failure)[A-Za-z-]*|AptCli::Hooks|APT::Key::GPGVCommand|Acquire::[a-z]+::Proxy-?Auto-?Detect|Dir::(Bin|Etc))'
for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    case ${file##*/} in
        zz-hallmark-* | 70debconf) continue ;; # Debian's own hook
    esac
    [ -f "$file" ] || continue
    while IFS="$TAB" read -r setting _; do
        sed -i -E "\\~^[[:space:]]*${setting}[[:space:]:\"]~Id" "$file"
    done <"$HALLMARK_TABLE"
    sed -i -E "\\~^[[:space:]]*${loose}[[:space:]:{\"]~Id" "$file"
done
{
    echo "// Written by Hallmark (control apt-client)."
    while IFS="$TAB" read -r setting value _; do
        printf '%s "%s";\n' "$setting" "$value"
    done <"$HALLMARK_TABLE"
} | write_file 644 root:root "$ours"

# Who can write here says whom apt believes; passwords for archives are for root and apt alone.
for place in /etc/apt /etc/apt/apt.conf.d /etc/apt/keyrings /etc/apt/preferences.d /etc/apt/sources.list.d /etc/apt/trusted.gpg.d /usr/share/keyrings; do
    [ ! -d "$place" ] || find "$place" -maxdepth 1 ! -type l \( ! -user root -o ! -group root -o -perm /022 \) -exec chown root:root {} + -exec chmod go-w {} +
done
for place in /etc/apt/auth.conf /etc/apt/auth.conf.d; do
    [ ! -e "$place" ] || find "$place" -type f \( ! -user root -o -perm /027 \) -exec chown root {} + -exec chmod u=rw,g-wx,o= {} +
done
