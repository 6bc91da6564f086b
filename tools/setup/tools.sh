#!/bin/sh
# Finds the Pulumi CLI, or builds it: .hallmark/tools becomes a link to the folder of the `pulumi` in use.
# What is built is kept outside the checkout, by the hash of all that went in, so that a second clone builds nothing.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$root/tools/setup/common.sh"

VERSION=3.250.0     # as in tools/pulumi/go.mod and requirements.in
HOST_VERSION=3.79.0 # as in tools/language-host/go.mod
GO_VERSION=1.25
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hallmark/tools
link=$root/.hallmark/tools

# find_on_path NAME: like `command -v`, but never what an earlier set-up has built.
find_on_path() {
    _rest=$PATH:
    while [ -n "$_rest" ]; do
        _folder=${_rest%%:*}
        _rest=${_rest#*:}
        case $_folder in
            "$cache"/*) ;;
            /*) if [ -f "$_folder/$1" ] && [ -x "$_folder/$1" ]; then printf '%s\n' "$_folder/$1" && return 0; fi ;;
        esac
    done
    return 1
}

# official_tools: the folder of the machine's own CLI, when it is new enough and has its language host.
official_tools() {
    _found=$(find_on_path pulumi) || return 1
    _found=$(readlink -f "$_found")
    _version=$("$_found" version 2>/dev/null </dev/null) || _version=''
    at_least "${_version#v}" "$VERSION" || {
        say "$_found is ${_version:-no Pulumi CLI}, older than v$VERSION: building that version"
        return 1
    }
    [ -x "${_found%/*}/pulumi-language-python" ] || find_on_path pulumi-language-python >/dev/null || {
        say "$_found has no pulumi-language-python beside it nor on PATH: building v$VERSION"
        return 1
    }
    printf '%s\n' "${_found%/*}"
}

need_go() {
    go_version=$(go env GOVERSION 2>/dev/null) || go_version=''
    at_least "${go_version#go}" "$GO_VERSION" ||
        die "expected the Pulumi CLI $VERSION or newer on PATH, or Go $GO_VERSION or newer to build it; got ${go_version:-neither}. Install one of them and run make again"
}

# build MODULE OUTPUT PACKAGE [LDFLAGS]: with the sums of tools/MODULE/go.sum.
build() {
    (cd "$root/tools/$1" && GOFLAGS='-mod=readonly -buildvcs=false' go build -trimpath -ldflags "-s -w ${4:-}" -o "$2" "$3") >&2 ||
        die "go could not build $3 (its own words are above); run make again to retry"
}

# build_all FOLDER
build_all() {
    _flag=-X=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v
    build language-host "$1/" github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python "$_flag$HOST_VERSION"
    build actionlint "$1/" github.com/rhysd/actionlint/cmd/actionlint
    build pulumi "$1/" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "$_flag$VERSION"
    _sdk=$(cd "$root/tools/pulumi" && go mod download github.com/pulumi/pulumi/sdk/v3 &&
        GOFLAGS=-mod=readonly go list -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3)
    install -m 0755 "$_sdk/python/cmd/pulumi-language-python-exec" "$_sdk/python/dist/pulumi-resource-pulumi-python" "$1/"
}

# built_tools: the folder of the tools built from our modules; builds them the first time, one set-up at a time.
built_tools() {
    need_go
    _key=$(cd "$root/tools" && cat ./*/go.mod ./*/go.sum | { cat && printf 'v1 %s %s\n' "$go_version" "$(uname -sm)"; } | sha256sum | cut -c 1-32)
    _target=$cache/$_key
    if [ ! -x "$_target/bin/pulumi" ]; then
        mkdir -p "$cache"
        exec 8>"$cache/lock"
        flock 8
        if [ ! -x "$_target/bin/pulumi" ]; then
            rm -rf "$cache"/building.*
            say "building the Pulumi CLI $VERSION with $go_version (about 6 minutes the first time on this machine)"
            _work=$(mktemp -d "$cache/building.XXXXXX")
            chmod 0755 "$_work"
            mkdir "$_work/bin"
            build_all "$_work/bin"
            rm -rf "$_target"
            mv "$_work" "$_target"
        fi
        exec 8>&-
    fi
    printf '%s\n' "$_target/bin"
}

# What decides which tools are used; while it stays the same, the link stays.
identity() {
    cat "$root"/tools/*/go.mod "$root"/tools/*/go.sum "$root/tools/setup/tools.sh" | sha256sum
    _found=$(find_on_path pulumi) && stat -L -c '%n %s %Y' "$_found" || go env GOVERSION 2>/dev/null || :
    printf '%s\n' "$cache"
}

mkdir -p "$root/.hallmark"
identity=$(identity)
[ ! -x "$link/pulumi" ] || [ "$(cat "$link.stamp" 2>/dev/null)" != "$identity" ] || exit 0
folder=$(official_tools) || folder=$(built_tools)
[ -n "$folder" ] || exit 3
ln -sfn "$folder" "$link.new"
mv -T "$link.new" "$link"
printf '%s\n' "$identity" >"$link.stamp.new"
mv "$link.stamp.new" "$link.stamp"
say "pulumi: $folder/pulumi"
