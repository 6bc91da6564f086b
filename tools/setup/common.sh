# shellcheck shell=sh
# Shared by the set-up scripts; sourced by them with `root` (the checkout) already set.
# Everything that set-up says goes to stderr, so that `make -s outputs` and the like print their answer alone.

say() {
    printf 'hallmark set-up: %s\n' "$*" >&2
}

# die WHAT: one clear line, and the end.
die() {
    printf 'hallmark set-up: error: %s\n' "$*" >&2
    exit 3
}

# run COMMAND...: with HALLMARK_DRY_RUN=1 it only says what it would run.
run() {
    if [ "${HALLMARK_DRY_RUN:-}" = 1 ]; then
        printf 'would run: %s\n' "$*" >&2
    else
        "$@" >&2
    fi
}

# at_least VERSION MINIMUM: dotted numbers, as `sort -V` orders them.
at_least() {
    case $1 in [0-9]*) ;; *) return 1 ;; esac
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# path_without_venv: PATH as it was before `. ./env`.
# shellcheck disable=SC2154,SC3013 # -ef: each shell that is Debian's /bin/sh knows it, and links compare equal
path_without_venv() (
    kept=''
    IFS=:
    for folder in $PATH; do
        [ "$folder" -ef "$root/.venv/bin" ] || kept=$kept:$folder
    done
    printf '%s' "${kept#:}"
)

# find_python: the first Python that is new enough and can make virtual environments; HALLMARK_PYTHON names another.
# Names of a version manager (pyenv) can be there and not run, so each one is tried. Those of the .venv that is to be
# made anew do not count: it is removed before.
# shellcheck disable=SC3013
find_python() {
    _path=$(path_without_venv)
    for _name in ${HALLMARK_PYTHON:-python3.13 python3.12 python3.11 python3}; do
        _found=$(PATH=$_path command -v "$_name") || continue
        [ ! "${_found%/*}" -ef "$root/.venv/bin" ] || continue
        if "$_found" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$_found"
            return 0
        fi
    done
    return 1
}
