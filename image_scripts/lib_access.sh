# shellcheck shell=sh
# Shared by the controls of authentication and access (A1 to A10). POSIX sh; sourced after lib.sh.
# Checks judge what the programs themselves make of their configuration (sshd -G, ssh -G, cvtsudoers), not the text
# that an apply wrote: a later drop-in, an earlier one or a Match block must not slip through.

# --- sshd and ssh ---------------------------------------------------------------------------------------------------

# _ssh_include STATE PATTERN...: the directives of the files that an Include line names.
_ssh_include() {
    _state=$1
    shift
    for _pattern in "$@"; do
        _pattern=${_pattern#\"}
        _pattern=${_pattern%\"}
        case $_pattern in
            /*) ;;
            *) _pattern=/etc/ssh/$_pattern ;;
        esac
        # shellcheck disable=SC2086
        set -- $_pattern
        for _file in "$@"; do
            [ ! -f "$_file" ] || ssh_directives "$_file" "$_state"
        done
    done
}

# ssh_directives FILE [global]: FILE:LINE<TAB>global|match<TAB>DIRECTIVE for each line of an sshd or ssh configuration
# and of all that it includes. A Match (or Host) block ends with the file that it stands in.
# The positional parameters are file, state and line number: unlike variables they survive the recursion.
# shellcheck disable=SC2094
ssh_directives() {
    set -- "$1" "${2:-global}" 0
    while IFS= read -r _line || [ -n "$_line" ]; do
        set -- "$1" "$2" $(($3 + 1))
        _line=${_line#"${_line%%[![:space:]]*}"}
        _line=${_line#\"}
        _key=${_line%%[[:space:]=\"]*}
        case $_key in
            '' | '#'*) continue ;;
            [Mm][Aa][Tt][Cc][Hh] | [Hh][Oo][Ss][Tt]) set -- "$1" match "$3" ;;
        esac
        printf '%s:%s\t%s\t%s\n' "$1" "$3" "$2" "$_line"
        case $_key in
            [Ii][Nn][Cc][Ll][Uu][Dd][Ee])
                _line=${_line#"$_key"}
                _line=${_line#\"}
                set -f
                # shellcheck disable=SC2086
                set -- "$1" "$2" "$3" ${_line#=}
                set +f
                _ssh_include_of "$@"
                set -- "$1" "$2" "$3"
                ;;
        esac
    done <"$1"
}

_ssh_include_of() {
    _kept=$2
    shift 3
    # As deep as sshd itself goes; a file that includes itself ends here.
    _ssh_depth=$((${_ssh_depth:-0} + 1))
    [ "$_ssh_depth" -gt 16 ] || _ssh_include "$_kept" "$@"
    _ssh_depth=$((_ssh_depth - 1))
}

# sshd_options: what /etc/default/ssh adds to sshd's command line (an option there wins over every file).
sshd_options() {
    [ -r /etc/default/ssh ] || return 0
    while IFS= read -r _line || [ -n "$_line" ]; do
        case $_line in
            SSHD_OPTS=*)
                _line=${_line#SSHD_OPTS=}
                _line=${_line#[\"\']}
                printf '%s\n' "${_line%[\"\']}"
                ;;
        esac
    done </etc/default/ssh
}

# sshd_clear_options: leaves sshd's command line as its package has it.
sshd_clear_options() {
    if [ -n "$(sshd_options)" ]; then
        sed -i -E 's/^SSHD_OPTS=.*/SSHD_OPTS=/' /etc/default/ssh
    fi
}

# sshd_effective: sshd's settings as it would start with them, `keyword value` a line. Needs no host keys.
sshd_effective() {
    # shellcheck disable=SC2046
    once sshd-settings /usr/sbin/sshd -G $(sshd_options)
}

# sshd_directives: those of sshd's configuration.
sshd_directives() {
    once sshd-directives ssh_directives /etc/ssh/sshd_config
}

# keygen_units: what says how host keys are made, besides the drop-in of ours; sshd-.service.d is for sshd-keygen.service too.
keygen_units() {
    for _unit in $UNIT_FOLDERS; do
        for _file in "$_unit"/sshd-keygen.service "$_unit"/sshd-keygen.service.d/*.conf "$_unit"/sshd-.service.d/*.conf; do
            [ ! -e "$_file" ] || [ "$_file" = /etc/systemd/system/sshd-keygen.service.d/hallmark.conf ] || printf '%s\n' "$_file"
        done
    done
}

# sshd_unseen DIRECTIVES: the files with a directive that sshd reads, by its own word, and ssh_directives has not.
sshd_unseen() {
    # shellcheck disable=SC2046
    /usr/sbin/sshd -G -d -d $(sshd_options) 2>&1 >/dev/null | tr -d '\r' | sed -n 's/^debug[0-9]: load_server_config: filename //p' | sort -u |
        while IFS= read -r _file; do
            case $1 in
                *"$_file:"*) ;;
                *) ! grep -qE '^[[:space:]]*[^#[:space:]]' "$_file" || printf '%s\n' "$_file" ;;
            esac
        done
}

# authorities "AAAA...": a line of a TrustedUserCAKeys file for each key, which says by itself of what kind it is.
authorities() {
    for _key in $1; do
        case $_key in
            AAAAC3NzaC1lZDI1NTE5*) _kind=ssh-ed25519 ;;
            AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t*) _kind=sk-ssh-ed25519@openssh.com ;;
            AAAAB3NzaC1yc2E*) _kind=ssh-rsa ;;
            *) fail "parameter authorities: $_key: expected the middle word of an Ed25519 or RSA public key" ;;
        esac
        printf '%s %s\n' "$_kind" "$_key"
    done
}

AUTHORITIES_FILE=/etc/ssh/hallmark-authorities

# trusted_authorities: sshd's own value: the file of HM_AUTHORITIES, or none.
trusted_authorities() {
    [ -n "$HM_AUTHORITIES" ] || AUTHORITIES_FILE=none
    echo "$AUTHORITIES_FILE"
}

# ssh_effective: the client's settings for a host that no configuration names. Resolves nothing, connects nowhere.
ssh_effective() {
    once ssh-settings ssh -T -G host.invalid
}

# ssh_exceptions: the client's directives for some hosts alone, as ssh_directives has them: those before one for all, as ssh keeps
# the first value.
ssh_exceptions() {
    once ssh-directives ssh_directives /etc/ssh/ssh_config | awk -F '\t' '
        { key = tolower($3); sub(/[ \t="].*/, "", key) }
        $2 == "global" { set[key] = 1 }
        !(key in set)
    '
}

# commas "a b c": a,b,c
commas() {
    _joined=
    for _item in $1; do
        _joined=${_joined:+$_joined,}$_item
    done
    printf '%s' "$_joined"
}

# sshd_units: the lines of units that start sshd in another way than its package does, or that have it find other files;
# service.d is for all services. None is what one wants.
sshd_units() {
    for _unit in $UNIT_FOLDERS; do
        for _file in "$_unit"/ssh.service "$_unit"/sshd.service "$_unit"/ssh@.service "$_unit"/sshd@.service \
            "$_unit"/ssh.service.d/*.conf "$_unit"/sshd.service.d/*.conf "$_unit"/sshd@.service.d/*.conf "$_unit"/service.d/*.conf; do
            # sshd.service is an alias, a link to the package's own unit.
            if [ -f "$_file" ] && { [ ! -L "$_file" ] || [ "$(readlink -f "$_file")" != /usr/lib/systemd/system/ssh.service ]; }; then
                grep -HE "^[[:space:]]*(Exec[A-Za-z]*|(Pass)?Environment(File)?|Root[A-Za-z]*|Bind[A-Za-z]*|MountImages|Extension[A-Za-z]*|\
TemporaryFileSystem)[[:space:]]*=" "$_file" || true
            fi
        done
    done
}

# ssh_judge WHAT RULES SETTINGS [DIRECTIVES]: prints each setting that a rule names, FAIL before those that break it.
# Returns 1 when one does. SETTINGS is the output of sshd -G or ssh -G; of DIRECTIVES (ssh_directives) those within a
# Match block are judged too, as they win over the settings. A rule is a line:
#   KEYWORD is VALUE...      one of these values
#   KEYWORD atmost N         a number from 1 to N
#   KEYWORD atleast N        a number of at least N
#   KEYWORD within A B C     a comma- or space-separated list of these alone
#   KEYWORD list A B C       exactly this list in this order
ssh_judge() {
    RULES=$2 SETTINGS=$3 DIRECTIVES=${4-} awk -v what="$1" '
        function strip(text) { gsub(/^[ \t=]+|[ \t\r]+$/, "", text); gsub(/"/, "", text); return text }
        function holds(key, value,    n, i, items) {
            if (op[key] == "is") return value != "" && index(" " want[key] " ", " " value " ") && value !~ / /
            if (op[key] == "atmost") return value ~ /^[0-9]+$/ && value + 0 >= 1 && value + 0 <= want[key] + 0
            if (op[key] == "atleast") return value ~ /^[0-9]+$/ && value + 0 >= want[key] + 0
            gsub(/,/, " ", value)
            if (op[key] == "list") return value == want[key]
            n = split(value, items, " ")
            for (i = 1; i <= n; i++) if (!index(" " want[key] " ", " " items[i] " ")) return 0
            return n > 0
        }
        function judge(where, key, value) {
            if (holds(key, value)) { print where ": " key " " value; return }
            print "FAIL " where ": " key ": expected " op[key] " " want[key] ", got " value
            bad = 1
        }
        function read_rule(text,    word) {
            if (split(text, word, " ") == 0) return
            op[tolower(word[1])] = word[2]; order[++rules] = tolower(word[1])
            sub(/^[^ ]+ +[^ ]+ */, "", text); want[order[rules]] = text
        }
        function judge_setting(text,    key) {
            key = tolower(text); sub(/ .*/, "", key)
            if (!(key in op)) return
            sub(/^[^ ]* */, "", text); seen[key] = 1; judge(what, key, text)
        }
        function judge_directive(text,    field, key, value) {
            split(text, field, "\t")
            key = tolower(field[3]); sub(/[ \t="].*/, "", key)
            if (field[2] != "match" || !(key in op)) return
            value = strip(substr(field[3], length(key) + 1))
            judge(field[1] " (in a Match block)", key, op[key] == "is" ? tolower(value) : value)
        }
        BEGIN {
            n = split(ENVIRON["RULES"], line, "\n"); for (i = 1; i <= n; i++) read_rule(line[i])
            n = split(ENVIRON["SETTINGS"], line, "\n"); for (i = 1; i <= n; i++) judge_setting(line[i])
            n = split(ENVIRON["DIRECTIVES"], line, "\n"); for (i = 1; i <= n; i++) judge_directive(line[i])
            for (i = 1; i <= rules; i++) if (!(order[i] in seen)) {
                print "FAIL " what ": " order[i] ": expected " op[order[i]] " " want[order[i]] ", but it is not set"
                bad = 1
            }
            exit bad
        }
    '
}

# ssh_claim MAIN OURS KEYWORDS: comments out KEYWORDS (an extended regular expression) wherever they could win over the
# drop-in OURS, or belie it. MAIN is /etc/ssh/sshd_config or ssh_config.
ssh_claim() {
    if ! _ssh_includes_first "$1"; then
        _text=$(cat "$1" 2>/dev/null || true)
        printf 'Include %s.d/*.conf\n%s\n' "$1" "$_text" | write_file 0644 root:root "$1"
    fi
    # shellcheck disable=SC2046 # a list of files
    grep -liE "^[[:space:]\"]*($3)([[:space:]=\"]|\$)" $(_ssh_rivals "$1" "$2") /dev/null | while IFS= read -r _file; do
        sed -i -E "s/^[[:space:]\"]*($3)([[:space:]=\"]|\$)/# set by Hallmark in ${2##*/}: &/I" "$_file"
    done
    case $1 in
        */sshd_config) _sshd_repeat "$1" ;;
    esac
}

# _sshd_repeat MAIN: sshd keeps the first value that it reads, the drop-ins' own; what it adds up instead is said once.
_sshd_repeat() {
    cat "$1.d"/*hallmark*.conf | grep -Eiv '^(Port|ListenAddress|HostKey|AcceptEnv|AllowGroups)[[:space:]]' |
        repeat_in "$1" '^[ \t]*[Ii]nclude[ \t]'
}

# _ssh_rivals MAIN OURS: the files that could win over OURS. The client keeps the first value, so those read before it.
# sshd lets Match blocks win and adds up AllowGroups and HostKey, so any other.
_ssh_rivals() {
    ssh_directives "$1" | awk -F '\t' -v main="$1" -v ours="$2" '
        { file = $1; sub(/:[0-9]+$/, "", file) }
        file == ours && main ~ /\/ssh_config$/ { exit }
        file != ours && !seen[file]++ { print file }
    '
}

# _ssh_includes_first MAIN: whether the first directive of MAIN is the Include of its drop-ins.
_ssh_includes_first() {
    [ -f "$1" ] && awk -v main="$1" '
        /^[ \t]*(#|$)/ { next }
        { found = tolower($1) == "include" && $2 == main ".d/*.conf"; exit }
        END { exit !found }
    ' "$1"
}

# --- cloud-init -----------------------------------------------------------------------------------------------------

# cloud_files: the files of cloud-init's own configuration, those that win last.
cloud_files() {
    for _file in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg; do
        [ ! -f "$_file" ] || printf '%s\n' "$_file"
    done
}

# cloud_setting KEY: the value of a top-level scalar in cloud-init's configuration; the last file that has it wins.
cloud_setting() {
    # shellcheck disable=SC2046
    awk -v key="$1:" '
        index($0, key) == 1 { value = substr($0, length(key) + 1); sub(/[ \t]+#.*/, "", value); gsub(/^[ \t]+|[ \t]+$/, "", value) }
        END { print tolower(value) }
    ' $(cloud_files) /dev/null
}

# --- accounts -------------------------------------------------------------------------------------------------------

# other_sources: DATABASE:SOURCE for what nsswitch.conf names besides files and systemd.
other_sources() {
    sed 's/#.*//; s/\[[^]]*\]//g' /etc/nsswitch.conf | awk -F : '
        { gsub(/[ \t]/, "", $1) }
        $1 ~ /^(passwd|shadow|group|gshadow|initgroups)$/ {
            n = split($2, source, " ")
            for (i = 1; i <= n; i++) if (source[i] !~ /^(files|systemd)$/) print $1 ":" source[i]
        }
    '
}

# Where systemd has accounts and members of groups in words of its own; a pattern.
# shellcheck disable=SC2034
USERDB='/etc/userdb/* /run/userdb/* /run/host/userdb/* /usr/local/lib/userdb/* /usr/lib/userdb/*'

# human_accounts: NAME:UID:HOME:SHELL of the accounts that people use.
human_accounts() {
    awk -F : '$3 >= 1000 && $3 < 60000 { print $1 ":" $3 ":" $6 ":" $7 }' /etc/passwd
}

# human_homes: the home folders of root and of people, those that exist.
human_homes() {
    awk -F : '($3 == 0 || ($3 >= 1000 && $3 < 60000)) && $6 ~ /^\/./ { print $6 }' /etc/passwd | while read -r _home; do
        [ ! -d "$_home" ] || printf '%s\n' "$_home"
    done
}

# private_keys FOLDER: the files in it that hold a private key, whatever their names; one file system, files up to 64 KiB.
private_keys() {
    find "$1" -xdev -type f -size -65k -exec grep -lE -e '^-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----' -e '^PuTTY-User-Key-File-' {} + || true
}

# cloud_claim OURS KEYS: comments out the top-level blocks KEYS (an extended regular expression) in cloud-init's
# drop-ins other than OURS, so that none of them wins over it or adds to it.
cloud_claim() {
    grep -lsE "^($2)[[:space:]]*:" /etc/cloud/cloud.cfg.d/*.cfg | while IFS= read -r _file; do
        if [ "$_file" != "$1" ]; then
            _text=$(awk -v keys="^($2)[ \t]*:" '
                /^[^ \t#-]/ { inside = $0 ~ keys }
                inside && NF { print "# set by Hallmark: " $0; next }
                { print }
            ' "$_file")
            printf '%s\n' "$_text" | write_file 0644 root:root "$_file"
        fi
    done
}

# Groups whose members are root by another name.
# shellcheck disable=SC2034
ROOT_GROUPS='root disk kmem shadow docker lxd incus incus-admin libvirt wheel admin'

# other_ways: files besides sudo's by which somebody could become root, or have root's work done: doas's, and rules of polkit's that
# no package brought.
other_ways() {
    for _file in /etc/doas.conf /etc/doas.d/*.conf /usr/local/etc/doas.conf /etc/polkit-1/rules.d/*.rules /run/polkit-1/rules.d/*.rules \
        /usr/local/share/polkit-1/rules.d/*.rules /etc/polkit-1/localauthority/*/*.pkla; do
        [ ! -e "$_file" ] || grep -qsFx -- "$_file" /var/lib/dpkg/info/*.list || printf '%s\n' "$_file"
    done
}

# --- credentials in the clear ---------------------------------------------------------------------------------------

# In a home folder: names trusted without a credential, or credentials for protocols that send them in the clear.
# shellcheck disable=SC2034
CREDENTIAL_FILES='.rhosts .shosts .netrc .git-credentials .fetchmailrc'
# shellcheck disable=SC2034
CLEARTEXT_CLIENTS='telnet ftp tnftp inetutils-telnet netkit-telnet rsh rlogin rexec rcp netkit-rsh tftp atftp'

# scheme://name:password@ as extended regular expressions, the parts of it that sed and grep need.
ADDRESS_SCHEME='[a-zA-Z][a-zA-Z0-9+.-]*://'
# shellcheck disable=SC2016
ADDRESS_CREDENTIAL='[^]/@:[:space:]"<>$%{}(*[]+:[^]/@[:space:]"<>${}(*[]+'

# embedded_credentials: the files of /etc (comments aside) with a password within an address.
embedded_credentials() {
    grep -rIlE --exclude-dir=ssl --exclude-dir=.git -e "^[^#]*$ADDRESS_SCHEME$ADDRESS_CREDENTIAL@" /etc 2>/dev/null || true
}

# unverified_tls: FILE:LINE:TEXT where apt, curl or wget are told to take any certificate.
unverified_tls() {
    grep -nHEi -s \
        -e '^[[:space:]]*(Acquire::)?https?::.*Verify-(Peer|Host)[[:space:]]+"?(false|no|0)' \
        -e '^[[:space:]]*Verify-(Peer|Host)[[:space:]]+"?(false|no|0)' \
        /etc/apt/apt.conf /etc/apt/apt.conf.d/* || true
    for _home in /root $(human_homes); do
        grep -nHE -s -e '^[[:space:]]*(-k|(--?)?insecure)([[:space:]=:]|$)' \
            "$_home/.curlrc" "$_home/.config/curlrc" /etc/curlrc || true
        # wget takes no notice of case, - and _ in a name.
        grep -nHEi -s -e '^[[:space:]]*check[-_]*certificate[[:space:]]*=[[:space:]]*(off|no|0)' "$_home/.wgetrc" /etc/wgetrc || true
    done | sort -u
}

# people_in [GROUP]: whom user data has made, on a live server; those whom it put into the group.
people_in() {
    [ "$HALLMARK_PHASE" = drift ] || return 0
    while read -r _person _in; do
        [ -z "$_person" ] || { [ -n "${1-}" ] && ! contains "$_in" "$1"; } || printf '%s ' "$_person"
    done <<END
${HALLMARK_PEOPLE-}
END
}
