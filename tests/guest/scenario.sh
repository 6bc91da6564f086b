# shellcheck shell=sh
# Helpers for scenarios: `. "$HALLMARK_SCRIPTS/scenario.sh"`.

# fake_package NAME [FILE...]: builds and installs a real .deb of this name (version 1) that ships the files as executables.
fake_package() {
    _name=$1
    shift
    _dir=$(mktemp -d)
    mkdir -p "$_dir/DEBIAN"
    printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: tests <tests@example.org>\nDescription: for a scenario\n' \
        "$_name" >"$_dir/DEBIAN/control"
    for _file in "$@"; do
        mkdir -p "$_dir${_file%/*}"
        printf '#!/bin/sh\nexit 0\n' >"$_dir$_file"
        chmod 0755 "$_dir$_file"
    done
    dpkg-deb --root-owner-group -Znone -b "$_dir" "$_dir.deb" >/dev/null
    dpkg --force-all -i "$_dir.deb" >/dev/null
}
