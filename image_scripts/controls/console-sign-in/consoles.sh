# shellcheck shell=sh disable=SC2034
# For apply and check: where somebody can open the console, beside the units as their packages have them.

prompts="getty@.service serial-getty@.service console-getty.service container-getty@.service autovt@.service"
credentials="/run/credentials/@system /etc/credstore /etc/credstore.encrypted /run/credstore /run/credstore.encrypted /usr/lib/credstore /usr/local/lib/credstore"
environments="/etc/systemd/system.conf /etc/systemd/system.conf.d /run/systemd/system.conf.d /usr/local/lib/systemd/system.conf.d /etc/environment.d /etc/kernel/cmdline
    /etc/default/grub /etc/default/grub.d"

# openings: the files that change what a console does, open a shell on one, or let a rescue shell take no password. systemd reads
# serial-.service.d and service.d for serial-getty@ttyS0.service too.
openings() {
    # shellcheck disable=SC2046,SC2086 # lists
    {
        grep -rlsE '^[[:space:]]*Exec(Start|StartPre|StartPost)[[:space:]]*=.*(getty|login)([[:space:]]|$)|SYSTEMD_SULOGIN_FORCE' $UNIT_FOLDERS || true
        grep -rlsE '^[[:space:]]*(Exec[A-Za-z]*|Environment(File)?|(Import|Load|Set)Credential(Encrypted)?)[[:space:]]*=' /dev/null \
            $(find $UNIT_FOLDERS -name '*.conf' \( -path '*getty*' -o -path '*autovt*' -o -path '*/service.d/*' \
                -o -path '*/serial-.service.d/*' -o -path '*/console-.service.d/*' -o -path '*/container-.service.d/*' \
                -o -path '*/rescue.service.d/*' -o -path '*/emergency.service.d/*' \)) || true
        # What systemd-run starts on its caller's own terminal is transient.
        grep -rlsE --exclude-dir=transient '^[[:space:]]*StandardInput[[:space:]]*=[[:space:]]*tty' $UNIT_FOLDERS || true
        find $UNIT_FOLDERS \( -name '*getty*.service' -o -name 'autovt@*.service' \) \
            \( -type f -o -type l ! -lname /dev/null ! -lname '/usr/lib/systemd/system/*' ! -lname '/lib/systemd/system/*' \) || true
        find $credentials \( -name 'agetty.*' -o -name 'login.*' -o -name 'shell.*' -o -name 'tty.*' \) ! -type d || true
    } 2>/dev/null | sort -u
}

# What is said to systemd or the kernel to have a shell that asks nobody; with what it is said about it.
boot_words='(rd\.)?systemd\.debug[_-]shell|systemd\.set[_-]credential([_-]binary)?=(agetty|login|shell|tty)\.|(systemd\.setenv=)?SYSTEMD_SULOGIN_FORCE='

# shells_on_boot: where it is said.
shells_on_boot() {
    # shellcheck disable=SC2086
    grep -rlsE "(^|[[:space:]\"'=])($boot_words)" $environments /boot/grub/grub.cfg || true
}
