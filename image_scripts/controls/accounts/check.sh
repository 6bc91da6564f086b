#!/bin/sh
# A6: see control.toml.
set -eu
. "$HALLMARK_SCRIPTS/lib.sh"
. "$HALLMARK_SCRIPTS/lib_access.sh"

# In the image nobody has a password; on a live server people may have set one.
in_image=no
matches 'build test' "$HALLMARK_PHASE" && in_image=yes

judge_accounts() {
    awk -F : -v administrators=" $HM_ADMINISTRATORS " -v others=" $HM_OTHERS $(people_in) " -v shared=" $HM_SHARED_NAMES " \
        -v in_image="$in_image" -v live="$([ "$HALLMARK_PHASE" = drift ] && echo yes || echo no)" '
        function bad(text) { print "FAIL " text; failed = 1 }
        function locked(hash) { return hash ~ /^[!*]+$/ }
        function in_list(list, name) { return index(list, " " name " ") > 0 }
        FNR == 1 { file = FILENAME; sub(/.*\//, "", file) }
        /^$/ { next }
        /^[+-]/ { bad("/etc/" file ": " $0 ": an entry that lets a directory service in"); next }
        # glibc reads more than tools do: a blank before the name, 027 for 27.
        /^[ \t]/ { bad("/etc/" file ": " $0 ": begins with a blank") }
        file ~ /^(passwd|group)$/ && ($3 ":" (file == "passwd" ? $4 : 0)) !~ /^(0|[1-9][0-9]*):(0|[1-9][0-9]*)$/ {
            bad("/etc/" file ": " $0 ": expected plain numbers")
        }
        file == "shadow" {
            if ($1 in shadow) bad($1 ": two entries in /etc/shadow; the first one opens")
            else hash[$1] = $2
            shadow[$1] = 1
            next
        }
        file == "group" {
            if ($1 in group) bad("group " $1 ": two of this name")
            if ($3 in gid) bad("group " $1 ": shares the number " $3 " with " gid[$3] ", whose rights its members have")
            group[$1] = 1; gid[$3] = $1
            next
        }
        file == "gshadow" { if ($2 != "" && !locked($2)) bad("group " $1 " has a password"); next }
        {
            if ($1 in seen) bad($1 ": two accounts of this name")
            if ($3 in number) bad($1 ": shares the number " $3 " with " number[$3])
            seen[$1] = 1; number[$3] = $1
            person = $3 >= 1000 && $3 < 60000
            if ($3 == 0 && $1 != "root") bad($1 ": the number 0, another root")
            if ($2 != "x") bad($1 ": its password is in /etc/passwd, which all may read")
            if (!($1 in shadow)) bad($1 ": has no entry in /etc/shadow")
            else if (hash[$1] == "") bad($1 ": needs no password at all")
            else if (!person && !locked(hash[$1])) bad($1 ": a system account with a password; expected ! or *")
            else if (person && in_image == "yes" && !locked(hash[$1])) bad($1 ": a password in the image is the same on each server")
            if (!person && $3 != 0 && $7 !~ /^(\/usr)?(\/s?bin)\/nologin$/) bad($1 ": a system account with the shell " $7)
            if (person && !in_list(administrators, $1) && !in_list(others, $1)) bad($1 ": an account that the recipe does not name")
            if (person && in_list(shared, $1)) bad($1 ": the name of no person")
            if (person) print "account " $1 " (" $3 ")"
        }
        END {
            for (name in shadow) if (!(name in seen)) bad(name ": in /etc/shadow, but not in /etc/passwd")
            n = split(administrators, list, " ")
            for (i = 1; i <= n; i++) {
                if (live != "yes" && !(list[i] in seen)) bad(list[i] ": an administrator without account")
                if (in_list(shared, list[i])) bad(list[i] ": an administrator by the name of no person")
            }
            exit failed
        }
    ' /etc/shadow /etc/gshadow /etc/group /etc/passwd
}

# What cloud-init would make of its files, merged as it merges them: the later file wins, mappings are joined.
judge_cloud_config() {
    # shellcheck disable=SC2046
    python3 -Ic '
import re, sys, yaml
def merge(low, high):
    if isinstance(low, dict) and isinstance(high, dict):
        return {k: merge(low[k], high[k]) if k in low and k in high else high.get(k, low.get(k)) for k in {**low, **high}}
    return high
config = {}
named, in_image, failed = sys.argv[1].split(), sys.argv[2] == "yes", []
for path in sys.argv[3:]:
    with open(path, "rb") as stream:
        text = stream.read()
    config = merge(config, yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {})
    if text.lower().lstrip().startswith(b"## template:"):
        failed.append(f"{path}: a template; what cloud-init makes of it cannot be told")
secrets = ("password", "passwd", "plain_text_passwd", "plain-text-passwd", "hashed_passwd", "hashed-passwd", "chpasswd",
           "ssh_authorized_keys", "ssh-authorized-keys", "ssh_import_id")
default = (config.get("system_info") or {}).get("default_user") or {}
users = config.get("users") or []
if isinstance(users, dict):
    users = [{**(entry if isinstance(entry, dict) else {}), "name": name} for name, entry in users.items() if entry]
for entry in [config.get("user"), *(users if isinstance(users, list) else [users])]:
    name = entry.get("name", "default") if isinstance(entry, dict) else entry
    name = default.get("name") if name == "default" else name
    if name is not None and name not in named:
        failed.append(f"users: {name!r}: an account that the recipe does not name")
    if isinstance(entry, dict):
        failed += [f"users: {name!r}: {key} in the image" for key in secrets if entry.get(key)]
        failed += [f"users: {name!r}: {key}: {entry[key]}" for key in ("sudo", "doas") if entry.get(key)]
failed += [f"{key}: a credential in the image" for key in secrets if config.get(key)]
failed += [f"system_info.default_user.{key}: a credential in the image" for key in secrets if default.get(key)]
if "default" in users:
    failed += [f"system_info.default_user.{key}: {default[key]}" for key in ("sudo", "doas") if default.get(key)]
    if default.get("lock_passwd", True) is not True:
        failed.append("system_info.default_user.lock_passwd: expected true")
for source, settings in (config.get("datasource") or {}).items():
    failed += [f"datasource.{source}.{key}: user data in the image" for key in settings or {} if re.match("(user|vendor)[-_]?data", key)]
for text in failed:
    print(f"FAIL cloud-init: {text}")
sys.exit(bool(failed))
' "$HM_ADMINISTRATORS $HM_OTHERS" "$in_image" $(cloud_files)
}

# What useradd gives a new account; none for -1.
judge_inactive() {
    days=$(useradd -D | sed -n 's/^INACTIVE=//p')
    case $days in
        '' | *[!0-9]*) ;;
        *) [ "$days" -gt "$HM_INACTIVE" ] || return 0 ;;
    esac
    finding "useradd: INACTIVE: expected $HM_INACTIVE days or fewer, got \"$days\""
}

# Where glibc looks for accounts besides: elsewhere, or in files of systemd's.
judge_sources() {
    for source in $(other_sources); do
        finding "/etc/nsswitch.conf: $source: expected accounts from files alone"
    done
    for file in $USERDB; do
        [ ! -e "$file" ] || finding "$file: an account, or who is in a group, in systemd's own words"
    done
}

judge_inactive
judge_sources
judge_accounts || finding "accounts that must not be, or that are open"
[ ! -d /etc/cloud ] || judge_cloud_config || finding "cloud-init would make accounts that must not be"
for file in /etc/skel/.ssh/authorized_keys* "$(useradd -D | sed -n 's/^SKEL=//p')"/.ssh/authorized_keys*; do
    [ ! -s "$file" ] || finding "$file: a key that each account to come would have"
done
if [ "$in_image" = yes ]; then
    for home in $(human_homes); do
        for file in "$home"/.ssh/authorized_keys*; do
            [ ! -s "$file" ] || finding "$file: a key in the image opens each server"
        done
    done
fi
conclude "the recipe's people, and nobody else"
