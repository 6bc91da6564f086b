"""Changes that an intruder, or a careless colleague, makes on a live machine; each with what must be found of it.

They are planted together: a check that one of them blinds would be seen.
"""

from __future__ import annotations

from typing import NamedTuple


class Change(NamedTuple):
    """A line of shell that root runs, the control that must find it, and a word that the finding must have."""

    command: str
    control: str
    word: str


_SSHD = "/etc/ssh/sshd_config.d"
# Another program in place of what Python compiled; it believes the source's time and size, which stay.
_COMPILES = """
import importlib.util, marshal, pathlib, sys
path = pathlib.Path(importlib.util.cache_from_source(importlib.util.find_spec(sys.argv[1]).origin))
path.write_bytes(path.read_bytes()[:16] + marshal.dumps(compile("pass", "other", "exec")))
"""
PLANTED = (
    Change("echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz", "privileges", "ada may run ALL without a password"),
    Change("echo 'Defaults !logfile, !syslog' >/etc/sudoers.d/yy", "privileges", "Defaults: syslog"),
    Change("echo 'Defaults:intruder pam_service=su' >/etc/sudoers.d/xx", "privileges", "pam_service"),
    Change("echo 'helpers:x:27:games' >>/etc/group", "accounts", "helpers"),
    Change("useradd -m intruder && usermod -aG sudo intruder", "accounts", "intruder"),
    Change("useradd -o -u 0 -g 0 toor", "accounts", "toor"),
    Change("usermod -aG shadow games", "privileges", "group shadow"),
    Change("chmod u+s /usr/bin/find", "setid-files", "/usr/bin/find"),
    Change("setcap cap_setuid=ep /usr/bin/perl", "setid-files", "/usr/bin/perl"),
    Change(f"echo 'PasswordAuthentication yes' >{_SSHD}/00-a.conf", "ssh-access", "passwordauthentication"),
    Change(f"echo 'PermitRootLogin yes' >>{_SSHD}/00-a.conf", "ssh-access", "permitrootlogin"),
    Change(f"echo 'Ciphers aes128-cbc' >{_SSHD}/00-b.conf", "ssh-crypto", "ciphers"),
    Change(f"echo 'AllowGroups ssh-users users' >{_SSHD}/00-c.conf", "ssh-allow-groups", "users"),
    Change("systemd-run --quiet --unit=stray python3 -m http.server 8081", "listening-sockets", "8081"),
    Change("nft add rule inet hallmark input accept", "host-firewall", "accepts what nothing declares"),
    Change("nft add table inet hallmark '{ flags dormant; }'", "host-firewall", "a table without flags"),
    Change("chmod 666 /etc/passwd", "system-files-unwritable", "/etc/passwd"),
    Change("chmod o+w /usr/local/bin", "system-files-unwritable", "/usr/local/bin"),
    Change("mkdir /srv/drop && chmod 777 /srv/drop", "stray-permissions", "/srv/drop"),
    Change("touch /srv/nobodys && chown 4711:4711 /srv/nobodys", "stray-permissions", "/srv/nobodys"),
    Change("sysctl -q -w kernel.dmesg_restrict=0", "kernel-parameters", "dmesg_restrict"),
    Change("sysctl -q -w net.ipv4.conf.all.accept_redirects=1", "kernel-parameters", "accept_redirects"),
    Change("mount -o remount,exec,suid,dev /dev/shm", "mount-options", "/dev/shm"),
    Change("rm -f /etc/modprobe.d/*hallmark*", "uncommon-protocols", "dccp"),
    Change("echo 'umask 000' >>/etc/profile", "default-umask", "root's login shell"),
    Change("chmod 755 /home/ada", "home-directories", "/home/ada"),
    Change("systemctl stop fail2ban", "brute-force", "the server does not answer"),
    Change("sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/sudo", "passwords", "pam_permit"),
    Change("rm /etc/systemd/system/debug-shell.service", "console-sign-in", "debug-shell.service"),
    Change(
        "echo 'deb [trusted=yes] http://archive.invalid/debian trixie main' >/etc/apt/sources.list.d/zz.list",
        "apt-sources",
        "archive.invalid",
    ),
    Change(
        "echo 'APT::Periodic::Unattended-Upgrade \"1\";' >/etc/apt/apt.conf.d/zzz",
        "no-automatic-install",
        "Unattended-Upgrade is 1",
    ),
    Change("cp /usr/bin/true /usr/local/bin/gcc", "compilers-absent", "/usr/local/bin/gcc"),
    Change("cp /usr/bin/true /usr/local/bin/tcpdump", "management-tools-absent", "/usr/local/bin/tcpdump"),
    Change("chmod 644 /etc/ssh/ssh_host_ed25519_key", "key-permissions", "ssh_host_ed25519_key"),
    Change(
        "printf 'machine archive.invalid login ada password plain\\n' >/root/.netrc",
        "no-cleartext-credentials",
        "/root/.netrc",
    ),
    Change("echo '* - core unlimited' >/etc/security/limits.d/zzz.conf", "core-dumps", "a session of ada"),
    Change("cp /usr/bin/true /usr/bin/who", "package-integrity", "/usr/bin/who"),
    Change(
        "printf '[Service]\\nExecStart=/usr/bin/true\\n' >/etc/systemd/system/later.service",
        "package-integrity",
        "later.service",
    ),
    Change(
        "printf '[Manager]\\nDefaultEnvironment=LD_PRELOAD=/srv/helper.so\\n' >/etc/systemd/system.conf.d/zz.conf",
        "package-integrity",
        "system.conf.d/zz.conf",
    ),
    Change(
        "printf '[Service]\\nExecStart=/srv/helper\\n' >/srv/by-a-link.service && "
        "ln -s /srv/by-a-link.service /etc/systemd/system/",
        "package-integrity",
        "by-a-link.service",
    ),
    Change("echo '@daily /srv/helper' >/var/spool/cron/crontabs/root", "package-integrity", "crontabs/root"),
    Change(
        f"python3 -IBc '{_COMPILES}' imaplib",
        "package-integrity",
        "imaplib.cpython",
    ),
    Change(
        "mkdir -p /etc/systemd/system/service.d && "
        "printf '[Service]\\nEnvironmentFile=-/srv/environment\\n' >/etc/systemd/system/service.d/all.conf",
        "ssh-access",
        "service.d/all.conf",
    ),
)
