# shellcheck shell=sh
# Shared by everything that runs in the guest. POSIX sh; sourced as `. "$HALLMARK_SCRIPTS/lib.sh"`.
# Under emulation each process costs 5 to 20 ms, so what the shell can do by itself is done by the shell.

umask 022 # which write_file goes by

# --- progress, for the terminal of whoever waits --------------------------------------------------------------------

# progress STAGE N M TEXT: one line for the host, on the console where there is one.
progress() {
    { printf '::hallmark:: progress %s %s %s %s\n' "$@" >"${HALLMARK_CONSOLE:-/dev/console}"; } 2>/dev/null ||
        printf '::hallmark:: progress %s %s %s %s\n' "$@"
}

# --- verdicts of a control ------------------------------------------------------------------------------------------

_findings=0

# finding TEXT: something is not as it should be; the check goes on and fails at its end.
finding() {
    printf 'FAIL %s\n' "$*"
    _findings=$((_findings + 1))
}

# note TEXT: evidence of what was seen.
note() {
    printf '%s\n' "$*"
}

# conclude TEXT: ends a check: fails when there were findings, else passes and says TEXT.
conclude() {
    if [ "$_findings" -gt 0 ]; then
        printf '%s finding(s)\n' "$_findings"
        exit 1
    fi
    pass "$*"
}

pass() {
    printf 'PASS %s\n' "$*"
    exit 0
}

fail() {
    printf 'FAIL %s\n' "$*"
    exit 1
}

# not_applicable WHY: only for a control whose control.toml has `may_not_apply`.
not_applicable() {
    printf 'NOT APPLICABLE %s\n' "$*"
    exit 3
}

# file_systems: where the root file system and the disk's other partitions are mounted, a line each. What is mounted on
# itself, or from within another file system, is none of them.
file_systems() {
    awk '$5 == "/" || ($4 == "/" && / - (ext4|vfat) /) { print $5 }' /proc/self/mountinfo
}

# once NAME COMMAND...: what a command prints. Of all checks of one run the first asks it, and leaves it to those that share a
# row of run_checks.py with it; a check by itself asks.
once() {
    _answer=${HALLMARK_SHARED:+$HALLMARK_SHARED/$1}
    shift
    if [ -z "$_answer" ]; then
        "$@"
    elif [ -e "$_answer" ] || "$@" >"$_answer"; then
        cat "$_answer"
    else
        rm -f "$_answer"
        return 1
    fi
}

# --- words ----------------------------------------------------------------------------------------------------------

# contains "a b c" b: whether a list holds a word.
contains() {
    case " $1 " in
        *" $2 "*) return 0 ;;
        *) return 1 ;;
    esac
}

# matches "glob* glob2" WORD: whether a word matches one of the shell patterns.
matches() {
    _word=$2
    set -f
    # shellcheck disable=SC2086
    set -- $1
    set +f
    for _pattern in "$@"; do
        # shellcheck disable=SC2254
        case $_word in
            $_pattern) return 0 ;;
        esac
    done
    return 1
}

# --- the control's table ---------------------------------------------------------------------------------------------

# The separator of a row's cells: while IFS="$TAB" read -r key value reason; do ...; done <"$HALLMARK_TABLE"
# shellcheck disable=SC2034 # for those who source this
TAB='	'

# --- files ----------------------------------------------------------------------------------------------------------

# write_file MODE OWNER:GROUP PATH <text: puts text in place atomically, and only when something differs.
write_file() {
    [ -d "${3%/*}" ] || mkdir -p "${3%/*}"
    if [ -e "$3.hallmark-new" ] || [ -L "$3.hallmark-new" ]; then
        rm -f "$3.hallmark-new"
    fi
    cat >"$3.hallmark-new"
    # What root makes is root's, and under this umask it has the first of these modes.
    [ "$2" = root:root ] || chown "$2" "$3.hallmark-new"
    case $1 in
        644 | 0644) ;;
        *) chmod "$1" "$3.hallmark-new" ;;
    esac
    if [ -f "$3" ] && [ ! -L "$3" ] && cmp -s "$3" "$3.hallmark-new" &&
        [ -z "$(stat -c '%a %u %g' "$3" "$3.hallmark-new" | uniq -u)" ]; then
        rm -f "$3.hallmark-new"
    else
        [ ! -d "$3" ] || fail "$3: expected a file, got a folder"
        mv -f "$3.hallmark-new" "$3"
    fi
}

# repeat_in FILE AFTER <text: has a main file say once more what drop-ins of ours say, below its first line AFTER (a regular expression of
# awk's), or where it says so already, or at its end. The drop-ins still decide; but tools and people that read the main file alone see what holds.
repeat_in() {
    _mode=644 _main=/dev/null
    [ ! -f "$1" ] || _mode=$(stat -c %a "$1") _main=$1
    awk -v after="$2" '
        BEGIN {
            first = "# Hallmark: what its own files say, once more for whoever reads this one alone."
            last = "# Hallmark: end."
        }
        FILENAME == "-" { if (!/^[ \t]*(#|$)/ && !/^\[[A-Za-z]+\]$/) text = text $0 "\n"; next }
        $0 == first { ours = 1; if (after == "") say() }
        ours { ours = $0 != last; next }
        { print }
        !done && after != "" && $0 ~ after { say() }
        END { if (!done) say() }
        function say() { if (text != "") print first "\n" text last; done = 1 }
    ' - "$_main" | write_file "$_mode" root:root "$1"
}

# leave_out EXPRESSION FILE...: takes lines that begin so (after blanks) out of the files that Hallmark did not write itself.
leave_out() {
    _begins="^[[:space:]]*$1"
    shift
    grep -Els -e "$_begins" -- "$@" | while IFS= read -r _file; do
        case $_file in
            */zz-hallmark-*) ;;
            *) sed -i -E "\\~$_begins~d" "$_file" ;;
        esac
    done
}

# edit_files SCRIPT FILE...: sed's script on those of the files that are there, in one process.
edit_files() {
    _script=$1
    shift
    for _other in "$@"; do
        shift
        [ ! -f "$_other" ] || set -- "$@" "$_other"
    done
    [ $# -eq 0 ] || sed -i -E "$_script" "$@"
}

# file_is MODE OWNER:GROUP PATH: whether a regular file (no link) has this mode (as %a prints it) and these owners (names).
file_is() {
    [ -f "$3" ] && [ ! -L "$3" ] && [ "$(stat -c '%a %U:%G' "$3")" = "$1 $2" ]
}

# --- packages: dpkg's own database, read without dpkg's start-up time ------------------------------------------------

# shellcheck disable=SC2034 # for those who source this
HALLMARK_RECORDS=/usr/share/hallmark

# package_table: name<TAB>version<TAB>architecture<TAB>state for every package dpkg knows (state: "install ok installed").
package_table() {
    awk -F ': ' -v OFS='\t' '
        $1 == "Package" { name = $2 }
        $1 == "Version" { version = $2 }
        $1 == "Architecture" { arch = $2 }
        $1 == "Status" { state = $2 }
        /^$/ { if (name != "") print name, version, arch, state; name = "" }
        END { if (name != "") print name, version, arch, state }
    ' /var/lib/dpkg/status
}

# installed_packages: the names of all packages that are not fully gone (a package half-removed is still there), one a line.
installed_packages() {
    awk '
        $1 == "Package:" { name = $2 }
        $1 == "Status:" && $4 != "config-files" && $4 != "not-installed" { print name }
    ' /var/lib/dpkg/status
}

# installed NAME: whether a package is installed (one process; for many, use installed_packages).
installed() {
    installed_packages | grep -Fqx -- "$1"
}

# --- units ----------------------------------------------------------------------------------------------------------

# Where units and their drop-ins lie that no package brought: those of administrators, of systemctl's own, of generators.
# shellcheck disable=SC2034 # for those who source this
UNIT_FOLDERS="/etc/systemd/system.control /etc/systemd/system /etc/systemd/system.attached /run/systemd/system.control
    /run/systemd/transient /run/systemd/generator.early /run/systemd/system /run/systemd/system.attached
    /run/systemd/generator /run/systemd/generator.late /usr/local/lib/systemd/system"

# enable_units UNIT...: has them started at each boot. systemd reads its files once, after the last control (controls.sh), and
# nothing is made for init scripts: under emulation each of both costs as much as ten controls.
enable_units() {
    SYSTEMCTL_SKIP_SYSV=1 systemctl --quiet --no-reload enable "$@"
}

# package_unit_alone UNIT: removes what systemd would take instead of a package's unit or on top of it. What is there for others
# as well, such as service.d, is left; lib.py has the check (overruling).
package_unit_alone() {
    _unit=$1
    # shellcheck disable=SC2086 # a list of folders
    set -- $UNIT_FOLDERS
    for _folder in "$@"; do
        set -- "$@" "$_folder/$_unit" "$_folder/$_unit.d"
    done
    shift "$(($# / 3))"
    rm -rf "$@"
}

# mask_unit UNIT REASON: masks a unit of a package that cannot be removed, and records why (removed-not-disabled checks it).
mask_unit() {
    ln -sfn /dev/null "/etc/systemd/system/$1"
    mkdir -p "$HALLMARK_RECORDS"
    _line=$(printf '%s\t%s\t%s' "$1" "${HALLMARK_CONTROL##*/}" "$2")
    grep -Fqx -- "$_line" "$HALLMARK_RECORDS/masked.tsv" 2>/dev/null ||
        printf '%s\n' "$_line" >>"$HALLMARK_RECORDS/masked.tsv"
}

# masked UNIT: whether a unit is masked by the administrator (not merely shipped so).
masked() {
    # shellcheck disable=SC3013 # dash, which is sh on Debian, has -ef; it costs no process
    [ -L "/etc/systemd/system/$1" ] && [ "/etc/systemd/system/$1" -ef /dev/null ]
}

# units_off: UNIT STATE PRESET for each unit file that is masked, or disabled though a package enabled it, as systemd sees it.
# It is asked for those names alone that can be either: for the state of each unit there is it takes twenty times as long.
units_off() {
    set --
    for _file in /etc/systemd/system*/* /run/systemd/system*/* /run/systemd/transient/* /run/systemd/generator*/* \
        /usr/local/lib/systemd/system/* /usr/lib/systemd/system/* /var/lib/systemd/deb-systemd-helper-enabled/*/*; do
        [ -e "$_file" ] || [ -L "$_file" ] || continue
        # Masked is what is empty, or leads to something empty such as /dev/null.
        case $_file in
            */deb-systemd-helper-enabled/*) ;;
            *) [ ! -s "$_file" ] || continue ;;
        esac
        _file=${_file##*/}
        case $_file in
            *[][*?\\]*) _file=${_file%%[][*?\\]*}'*' ;; # systemd takes patterns
        esac
        set -- "$@" "$_file"
    done
    [ $# -eq 0 ] ||
        systemctl list-unit-files --no-legend --no-pager --state=masked,masked-runtime,disabled -- "$@" 2>/dev/null
}

# masked_by_package UNIT: whether the package itself ships the unit masked, and nobody else says anything.
masked_by_package() {
    # shellcheck disable=SC3013 # as above
    [ -L "/usr/lib/systemd/system/$1" ] && [ "/usr/lib/systemd/system/$1" -ef /dev/null ] && [ ! -e "/etc/systemd/system/$1" ] &&
        [ ! -L "/etc/systemd/system/$1" ]
}

# enabled_by_package UNIT: whether a package enabled it when it was installed.
enabled_by_package() {
    for _link in /var/lib/systemd/deb-systemd-helper-enabled/*/"$1"; do
        [ ! -e "$_link" ] || return 0
    done
    return 1
}

# --- the kernel's command line ---------------------------------------------------------------------------------------

# set_boot_words ID REASON KEY=VALUE...: puts words on it, and takes other values of the same keys out of GRUB's other files.
# boot_files.sh makes the boot menu of them; lib.py has the check.
set_boot_words() {
    _file=/etc/default/grub.d/zz-hallmark-$1.cfg _reason=$2
    shift 2
    _expression=
    # To the kernel a `-` in a name is a `_`.
    for _key in $(printf '%s\n' "$@" | sed 's/=.*//; s/[.]/[.]/g; s/[-_]/[-_]/g'); do
        _expression="$_expression;/^[^#]*GRUB_CMDLINE/s/([\"' ])$_key=[^\"' ]*/\\1/g"
    done
    edit_files "${_expression#;}" /etc/default/grub /etc/default/grub.d/*.cfg
    # shellcheck disable=SC2016 # GRUB's files are shell
    printf '# %s\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX %s"\n' "$_reason" "$*" | write_file 644 root:root "$_file"
}

# --- the kernel's parameters (sysctl) ---------------------------------------------------------------------------------

# set_kernel_parameters ID REASON <KEY<tab>VALUE...: one file of systemd-sysctl's. `*` in a KEY stands for each network interface.
# Other files lose the same keys: a later name would win, and so would an interface's own name over a `*`.
# In a booted machine the kernel is told at once. lib.py has the check.
set_kernel_parameters() {
    _file=/etc/sysctl.d/zz-hallmark-$1.conf
    _pairs=$(cat)
    # A key that the kernel does not know is a warning to systemd-sysctl. `all` and `default` stand by name before the `*`:
    # tools that read these files know no patterns.
    {
        printf '# %s\n' "$2"
        printf '%s\n' "$_pairs" | while IFS="$TAB" read -r _key _value _; do
            case $_key in
                *'*'*) printf '%s = %s\n' "${_key%%\**}all${_key#*\*}" "$_value" "${_key%%\**}default${_key#*\*}" "$_value" "$_key" "$_value" ;;
                *) printf '%s = %s\n' "$_key" "$_value" ;;
            esac
        done
    } | write_file 644 root:root "$_file"
    set --
    for _other in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf; do
        if [ -f "$_other" ] && [ "$_other" != "$_file" ]; then
            set -- "$@" "$_other"
        fi
    done
    if [ $# -gt 0 ]; then
        printf '%s\n' "$_pairs" | awk -F '\t' '
            # The key as a path below /proc/sys: when the first separator is a dot, dots and slashes change places.
            function path(key, text, n, i, c) {
                sub(/^[ \t]*-?[ \t]*/, "", key)
                sub(/[ \t]*(=.*)?$/, "", key)
                if (!match(key, /[.\/]/) || substr(key, RSTART, 1) == "/") return key
                n = length(key)
                for (i = 1; i <= n; i++) {
                    c = substr(key, i, 1)
                    text = text (c == "." ? "/" : c == "/" ? "." : c)
                }
                return text
            }
            function is_ours(p, key, last, mine) {
                if (p in wanted) return 1
                last = p
                sub(/.*\//, "", last)
                for (key in wanted) {
                    if (key !~ /\/\*\//) continue
                    mine = key
                    sub(/.*\//, "", mine)
                    if (index(p, substr(key, 1, index(key, "*") - 1)) == 1 && last == mine) return 1
                    if (p ~ /[*?[]/ && p ~ /^(net|[*?[])/ && (last == mine || last ~ /[*?[]/)) return 1
                }
                return 0
            }
            FILENAME == "-" { wanted[path($1)] = 1; next }
            !/^[ \t]*([#;]|$)/ && is_ours(path($0)) { changed[FILENAME] = 1; next }
            { kept[FILENAME] = kept[FILENAME] $0 "\n" }
            END {
                for (file in changed) {
                    if (file in kept) {
                        printf "%s", kept[file] >(file ".hallmark-new")
                        close(file ".hallmark-new")
                    }
                    print file
                }
            }
        ' - "$@" | while IFS= read -r _other; do
            if [ -e "$_other.hallmark-new" ]; then
                mv -f "$_other.hallmark-new" "$_other"
            else
                rm -f "$_other"
            fi
        done
    fi
    package_unit_alone systemd-sysctl.service
    for _folder in /etc /run /usr/local/lib /usr/lib; do
        rm -f "$_folder"/credstore/sysctl.* "$_folder"/credstore.encrypted/sysctl.*
    done
    [ ! -S /run/systemd/private ] || /usr/lib/systemd/systemd-sysctl "$_file"
}

# --- kernel modules -------------------------------------------------------------------------------------------------

# deny_modules FILE REASON MODULE...: keeps modules from loading, by whatever name they are asked for, and unloads them.
deny_modules() {
    _file=$1 _reason=$2
    shift 2
    {
        printf '# %s\n' "$_reason"
        for _module in "$@"; do
            printf 'install %s /bin/false\nblacklist %s\n' "$_module" "$_module"
        done
    } | write_file 644 root:root "/etc/modprobe.d/$_file"
    for _module in $(loaded_modules "$*"); do
        note "unloading $_module"
        modprobe -r "$_module" || rmmod "$_module" || true
    done
}

# loaded_modules "MODULE...": those of the list that are loaded. A test's kernel need not be the tree's; a live server's may have left it.
loaded_modules() {
    read -r _release </proc/sys/kernel/osrelease
    [ "$HALLMARK_PHASE" != test ] || [ -d "/usr/lib/modules/$_release" ] || return 0
    _list=$(printf '%s' "$1" | tr - _)
    while read -r _loaded _; do
        ! contains "$_list" "$_loaded" || printf '%s\n' "$_loaded"
    done </proc/modules
}
