# shellcheck shell=sh
# Families of packages that must be absent, and their removal. Sourced after lib.sh.

# What no control may ever remove, even as something that depends on what it removes: the machine would not come up again.
HALLMARK_PROTECTED="apt base-files base-passwd bash cloud-guest-utils cloud-init coreutils dash dpkg e2fsprogs grub-*
    init-system-helpers initramfs-tools* iproute2 kmod libc6 libcap2-bin libpam-* linux-image-* login login.defs mount openssh-server
    openssh-sftp-server passwd procps python3 python3-minimal shim-signed* sudo systemd systemd-* udev util-linux"

# installed_matching "PATTERN..." ["EXCEPT..."]: installed packages whose names match a shell pattern (* and ?) and no exception.
installed_matching() {
    awk -v patterns="$1" -v except="${2-}" '
        function expression(words, parts, n, i, text) {
            n = split(words, parts, " ")
            for (i = 1; i <= n; i++) {
                gsub(/[.+]/, "[&]", parts[i])
                gsub(/\*/, ".*", parts[i])
                gsub(/\?/, ".", parts[i])
                text = text (i > 1 ? "|" : "") parts[i]
            }
            return n ? "^(" text ")$" : "^$"
        }
        BEGIN { wanted = expression(patterns); spared = expression(except) }
        $1 == "Package:" { name = $2 }
        $1 == "Status:" && $4 != "config-files" && $4 != "not-installed" && name ~ wanted && name !~ spared { print name }
    ' /var/lib/dpkg/status
}

# programs_present "PATTERN...": paths of programs of these names where a shell would find them.
programs_present() {
    for _program in $1; do
        for _place in /usr/local/sbin /usr/local/bin /usr/local/games /usr/sbin /usr/bin /usr/games; do
            for _file in "$_place"/$_program; do
                [ ! -e "$_file" ] || printf '%s\n' "$_file"
            done
        done
    done | sort -u
}

# purge_packages NAME...: purges packages and what depends on them in one transaction, unless a protected one would go;
# each is recorded in removed.tsv: name, version, control.
purge_packages() {
    [ $# -gt 0 ] || return 0
    apt-get -s -q -o APT::Get::AutomaticRemove=false purge -- "$@" >/run/hallmark-purge 2>&1 || {
        cat /run/hallmark-purge
        fail "apt cannot work out how to remove: $*"
    }
    _going=
    while read -r _verb _name _version _; do
        case $_verb in
            Inst | Conf) fail "removing $* would install or configure $_name" ;;
            Purg | Remv) ;;
            *) continue ;;
        esac
        ! matches "$HALLMARK_PROTECTED" "$_name" || fail "removing $* would also remove $_name, which the machine needs"
        _version=${_version#\[}
        _going="$_going $_name=${_version%\]}"
    done </run/hallmark-purge
    rm -f /run/hallmark-purge
    mkdir -p "$HALLMARK_RECORDS"
    _names=
    for _each in $_going; do
        _names="$_names ${_each%%=*}"
        printf '%s\t%s\t%s\n' "${_each%%=*}" "${_each#*=}" "${HALLMARK_CONTROL##*/}" >>"$HALLMARK_RECORDS/removed.tsv"
    done
    note "purging:$_names"
    # man-db would index all manuals anew, which takes longer than the removal; they are indexed daily anyway.
    _index=
    if [ -e /var/lib/man-db/auto-update ]; then
        _index=yes
        rm /var/lib/man-db/auto-update
    fi
    _code=0
    # shellcheck disable=SC2086
    dpkg --force-unsafe-io --purge $_names || _code=$?
    [ -z "$_index" ] || : >/var/lib/man-db/auto-update
    [ "$_code" = 0 ] || fail "dpkg could not remove:$_names"
}

# remove_programs PATH...: removes programs: with their package where one owns them, by themselves where none does.
remove_programs() {
    _owners=
    for _path in "$@"; do
        if _owner=$(dpkg-query -S "$_path" 2>/dev/null); then
            _owners="$_owners ${_owner%%:*}"
        else
            note "removing $_path, which no package owns"
            rm -f -- "$_path"
        fi
    done
    # shellcheck disable=SC2086
    purge_packages $_owners
}

# spared_packages: the packages of HM_PACKAGES that the recipe declares (HM_DECLARED), and what these need, by their Depends.
spared_packages() {
    _family=
    for _declared in $HM_DECLARED; do
        ! matches "$HM_PACKAGES" "$_declared" || _family="$_family $_declared"
    done
    [ -n "$_family" ] || return 0
    awk -v declared="$_family" '
        BEGIN { last = split(declared, todo, " ") }
        /^Package: / { name = $2 }
        /^(Pre-)?Depends: / {
            sub(/^[^:]*: /, ""); gsub(/\([^)]*\)|:any/, ""); gsub(/[,|]/, " ")
            needs[name] = needs[name] " " $0
        }
        END {
            for (at = 1; at <= last; at++) {
                if (seen[todo[at]]++) continue
                print todo[at]
                count = split(needs[todo[at]], each, " ")
                for (i = 1; i <= count; i++) todo[++last] = each[i]
            }
        }
    ' /var/lib/dpkg/status
}

# family_packages, family_programs: what is there of the family, but for what is spared.
family_packages() {
    installed_matching "$HM_PACKAGES" "${HM_EXCEPT-} $_spared"
}

family_programs() {
    for _path in $(programs_present "$HM_PROGRAMS"); do
        if [ -n "$_spared" ]; then
            # The link of an alternative has no owner; what it leads to has one.
            _owner=$(dpkg-query -S "$_path" 2>/dev/null || dpkg-query -S "$(readlink -f "$_path")" 2>/dev/null) || :
            [ -z "$_owner" ] || ! contains "$_spared" "${_owner%%:*}" || continue
        fi
        printf '%s\n' "$_path"
    done
}

# spare: sets $_spared, once
spare() {
    _spared=
    for _name in $(spared_packages); do
        _spared="$_spared $_name"
    done
}

# family_apply: removes what check_family of families.py looks for.
family_apply() {
    spare
    # shellcheck disable=SC2046
    purge_packages $(family_packages)
    # shellcheck disable=SC2046
    remove_programs $(family_programs)
}
