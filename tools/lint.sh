#!/bin/sh
# Runs every linter over the checkout, quietly: what is fine prints one line at the end. All run, also after a failure.
# lint.sh NAME... runs only these linters; lint.sh --format-shell puts the shell files into their format instead.
set -eu
cd "$(dirname -- "$0")/.."
bin=.venv/bin

# on_shell_files COMMAND...: with all shell files, tracked and new, behind it; those without a suffix go by name.
on_shell_files() {
    git ls-files -z --cached --others --exclude-standard --deduplicate -- '*.sh' env .ci/run >"$scratch/names"
    # shellcheck disable=SC2016 # the inner shell's own name
    xargs -0 sh -c 'for name; do [ ! -f "$name" ] || printf "%s\0" "$name"; done' names <"$scratch/names" |
        xargs -0 "$@"
}

lint_ruff() { "$bin/ruff" check --quiet --output-format concise .; }
lint_format() { "$bin/ruff" format --check --output-format concise .; }
# Each control's check.py is a module of its own, which mypy knows by a link; the guest has Debian's own Python.
lint_mypy() {
    "$bin/mypy" --no-error-summary || return 1
    mkdir "$scratch/guest"
    for file in image_scripts/*.py image_scripts/controls/*/check.py; do
        module=${file#image_scripts/}
        module=${module#controls/}
        ln -s "$PWD/$file" "$scratch/guest/$(printf '%s' "${module%.py}" | tr /- __).py"
    done
    (cd "$scratch/guest" && "$OLDPWD/$bin/mypy" --config-file "$OLDPWD/pyproject.toml" --no-error-summary \
        --cache-dir "$OLDPWD/.mypy_cache/guest" ./*.py)
}
lint_shellcheck() { on_shell_files shellcheck --format gcc; }
lint_shfmt() { on_shell_files shfmt -i 4 -ci -d; }
lint_docs() { "$bin/python" -m tools.docs --check; }

lint_imports() {
    "$bin/lint-imports" --no-logo >"$scratch/imports" 2>&1 || {
        cat "$scratch/imports"
        return 1
    }
}

lint_actionlint() {
    if [ -x .hallmark/tools/actionlint ]; then
        .hallmark/tools/actionlint
    elif command -v actionlint >/dev/null; then
        actionlint
    else
        echo 'not on PATH (it is built where Go builds the Pulumi CLI); skipped'
    fi
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ "${1:-}" = --format-shell ]; then
    on_shell_files shfmt -i 4 -ci -w
    exit 0
fi
[ $# -gt 0 ] || set -- ruff format mypy imports shellcheck shfmt actionlint docs
failed=''
for name; do
    status=0
    "lint_$name" >"$scratch/out" 2>&1 || status=1
    sed "s/^/$name: /" "$scratch/out" >&2
    [ "$status" = 0 ] || failed="$failed $name"
done
if [ -n "$failed" ]; then
    printf 'lint: failed:%s\n' "$failed" >&2
    exit 1
fi
printf 'lint: ok (%s)\n' "$*"
