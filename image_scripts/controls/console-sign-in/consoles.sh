# shellcheck shell=sh disable=SC2034
# For apply and check: where somebody can open the console, beside the units as their packages have them.

prompts="getty@.service serial-getty@.service console-getty.service container-getty@.service autovt@.service"
unit_folders="/etc/systemd/system /run/systemd/system /run/systemd/transient /usr/local/lib/systemd/system"
credentials="/etc/credstore /etc/credstore.encrypted /run/credstore /run/credstore.encrypted /usr/lib/credstore /usr/local/lib/credstore"
environments="/etc/systemd/system.conf /etc/systemd/system.conf.d /run/systemd/system.conf.d /etc/environment.d /etc/kernel/cmdline
    /etc/default/grub /etc/default/grub.d"

# openings: the files that change what a console does, or let a rescue shell take no password.
openings() {
    # shellcheck disable=SC2046,SC2086 # lists
    {
        grep -rlsE '^[[:space:]]*Exec(Start|StartPre|StartPost)[[:space:]]*=.*(getty|login)([[:space:]]|$)|SYSTEMD_SULOGIN_FORCE' $unit_folders || true
        grep -rlsE '^[[:space:]]*(Exec[A-Za-z]*|Environment(File)?|(Import|Load|Set)Credential(Encrypted)?)[[:space:]]*=' /dev/null \
            $(find $unit_folders -path '*getty*' -name '*.conf' -o -path '*autovt*' -name '*.conf' 2>/dev/null) || true
        find $unit_folders \( -name '*getty*.service' -o -name 'autovt@*.service' \) \
            \( -type f -o -type l ! -lname /dev/null ! -lname '/usr/lib/systemd/system/*' ! -lname '/lib/systemd/system/*' \) || true
        find $credentials \( -name 'agetty.*' -o -name 'login.*' -o -name 'shell.*' -o -name 'tty.*' \) ! -type d || true
    } 2>/dev/null | sort -u
}

# shells_on_boot: where systemd or the kernel is told to open a shell that asks nobody.
shells_on_boot() {
    # shellcheck disable=SC2086
    grep -rlsE '(^|[[:space:]"])(rd\.)?systemd\.debug[_-]shell|SYSTEMD_SULOGIN_FORCE' $environments /boot/grub/grub.cfg || true
}
