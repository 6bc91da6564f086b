#!/bin/sh
# Installs the Debian packages that Hallmark needs and this machine lacks or has too old; otherwise changes nothing.
# On Debian 12 three of them come from backports. HALLMARK_DRY_RUN=1 says what would be done.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/tools/setup/common.sh"

OS_RELEASE=${HALLMARK_OS_RELEASE:-/etc/os-release}
APT=${HALLMARK_APT_DIR:-/etc/apt}
NEWLINE='
'

# wanted: a line for each package of packages.txt, and for those that this machine alone needs.
wanted() {
    sed '/^#/d' "$root/tools/setup/packages.txt"
    # mke2fs takes a tar archive with it; Debian 13 gave it another name.
    if [ "$release" = 12 ]; then echo 'libarchive13 - stable'; else echo 'libarchive13t64 - stable'; fi
    [ "$(id -u)" = 0 ] || echo 'uidmap - stable'
    [ -x "$root/.venv/bin/python" ] || find_python >/dev/null || echo 'python3-venv - stable'
}

# os_field NAME: a value from os-release.
os_field() {
    [ ! -r "$OS_RELEASE" ] || sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$OS_RELEASE"
}

# installed_version NAME: from the one dpkg-query call made before; nothing when it is not installed.
installed_version() {
    case "$NEWLINE$installed" in
        *"$NEWLINE$1 installed "*)
            _rest=${installed#*"$1 installed "}
            printf '%s' "${_rest%%"$NEWLINE"*}"
            ;;
    esac
}

# find_missing: sets `missing` and, of those, `backports`.
find_missing() {
    _wanted=$(wanted)
    # shellcheck disable=SC2046 # the names are words
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status} ${Version}\n' $(printf '%s\n' "$_wanted" | cut -d' ' -f1) 2>/dev/null) || :
    missing='' backports=''
    while read -r name minimum origin _programs; do
        version=$(installed_version "$name")
        [ -n "$version" ] && { [ "$minimum" = - ] || dpkg --compare-versions "$version" ge "$minimum"; } && continue
        if [ "$origin" = backports ]; then backports="$backports $name"; else missing="$missing $name"; fi
    done <<END
$_wanted
END
    if [ "$release" != 12 ]; then missing="$missing$backports" backports=''; fi
}

# become_root: sets `as_root`, the words in front of a command that needs root.
become_root() {
    as_root=''
    [ "$(id -u)" != 0 ] || return 0
    as_root='sudo -n'
    sudo -n true 2>/dev/null ||
        die "packages are missing and this is neither root nor passwordless sudo; as root, run: apt-get install$missing$backports"
}

has_backports() {
    for _file in "$APT/sources.list" "$APT"/sources.list.d/*.list "$APT"/sources.list.d/*.sources; do
        [ ! -f "$_file" ] || ! grep -q '^[^#]*bookworm-backports' "$_file" || return 0
    done
    return 1
}

# signing_key FILE: the key that apt's source file names, else Debian's own.
signing_key() {
    _key=$(sed -n 's/^Signed-By:[[:space:]]*\(\/[^[:space:]]*\).*/\1/p; s/^deb.*signed-by=\(\/[^] ]*\).*/\1/p' "$1" 2>/dev/null | head -n 1)
    printf '%s' "${_key:-/usr/share/keyrings/debian-archive-keyring.gpg}"
}

# add_backports: the machine's own mirror and key, with the backports suite.
add_backports() {
    # shellcheck disable=SC2016 # apt's own fields
    _source=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(REPO_URI) $(SOURCESENTRY)' 'Created-By: Packages' |
        sed -n 's/^\(bookworm\|oldstable\|stable\) //p' | head -n 1)
    [ -n "$_source" ] ||
        die 'apt: found no source for the suite bookworm, so backports cannot be derived; add bookworm-backports to apt by hand'
    _file=${_source#* }
    _target=$APT/sources.list.d/hallmark-backports.sources
    say "adding bookworm-backports to apt's sources: $_target"
    # shellcheck disable=SC2086 # as_root is words
    run $as_root tee "$_target" <<END
# QEMU 10 and its kin, for Hallmark; packages come from here on request only.
Types: deb
URIs: ${_source%% *}
Suites: bookworm-backports
Components: main
Signed-By: $(signing_key "${_file%:*}")
END
}

# install_packages [OPTION...] NAME...
install_packages() {
    # shellcheck disable=SC2086 # as_root is words
    run $as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install --no-install-recommends "$@" </dev/null ||
        die "apt-get could not install: $* (its own words are above)"
}

update_lists() {
    # shellcheck disable=SC2086 # as_root is words
    run $as_root apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null || die 'apt-get update failed (its own words are above)'
}

release=$(os_field VERSION_ID)
command -v dpkg-query >/dev/null || die "expected Debian 12 or 13 (dpkg-query is not on PATH); got $(os_field PRETTY_NAME)"
find_missing
[ -n "$missing$backports" ] || exit 0
case "$(os_field ID)-$release" in
    debian-12 | debian-13) ;;
    *) die "expected Debian 12 or 13, got $(os_field PRETTY_NAME); install these by other means:$missing$backports" ;;
esac
become_root
say "installing Debian packages:$missing$backports"
update_lists
if [ -n "$backports" ] && ! has_backports; then
    add_backports
    update_lists
fi
# shellcheck disable=SC2086 # names are words
[ -z "$missing" ] || install_packages $missing
# shellcheck disable=SC2086 # names are words
[ -z "$backports" ] || install_packages -t bookworm-backports $backports
