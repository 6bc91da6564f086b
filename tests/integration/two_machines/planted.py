"""Changes that an intruder, or a careless colleague, makes on a live machine; each with the control that must find it.

Each is a line of shell that root runs. They are planted together: a check that one of them blinds would be seen.
"""

from __future__ import annotations

PLANTED: tuple[tuple[str, str], ...] = (
    ("echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz", "privileges"),
    ("echo 'Defaults !logfile, !syslog' >/etc/sudoers.d/yy", "privileges"),
    ("useradd -m intruder && usermod -aG sudo intruder", "accounts"),
    ("useradd -o -u 0 -g 0 toor", "accounts"),
    ("chmod u+s /usr/bin/find", "setid-files"),
    ("setcap cap_setuid=ep /usr/bin/perl", "setid-files"),
    ("echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-a.conf", "ssh-access"),
    ("echo 'PermitRootLogin yes' >>/etc/ssh/sshd_config.d/00-a.conf", "ssh-access"),
    ("echo 'Ciphers aes128-cbc' >/etc/ssh/sshd_config.d/00-b.conf", "ssh-crypto"),
    ("echo 'AllowGroups ssh-users users' >/etc/ssh/sshd_config.d/00-c.conf", "ssh-allow-groups"),
    ("systemd-run --quiet --unit=stray python3 -m http.server 8081 --bind 0.0.0.0", "listening-sockets"),
    ("nft add rule inet hallmark input accept || nft delete table inet hallmark", "host-firewall"),
    ("chmod 666 /etc/passwd", "system-files-unwritable"),
    ("chmod o+w /usr/local/bin", "system-files-unwritable"),
    ("mkdir /srv/drop && chmod 777 /srv/drop", "stray-permissions"),
    ("touch /srv/nobodys && chown 4711:4711 /srv/nobodys", "stray-permissions"),
    ("sysctl -q -w kernel.dmesg_restrict=0", "kernel-parameters"),
    ("sysctl -q -w net.ipv4.conf.all.accept_redirects=1", "kernel-parameters"),
    ("mount -o remount,exec,suid,dev /dev/shm", "mount-options"),
    ("rm -f /etc/modprobe.d/*hallmark*", "uncommon-protocols"),
    ("echo 'umask 000' >>/etc/profile", "default-umask"),
    ("chmod 755 /home/ada", "home-directories"),
    ("systemctl stop fail2ban", "brute-force"),
    ("sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/sudo", "passwords"),
    ("systemctl --quiet enable debug-shell.service", "console-sign-in"),
    (
        "echo 'deb [trusted=yes] http://archive.invalid/debian trixie main' >/etc/apt/sources.list.d/zz.list",
        "apt-sources",
    ),
    ("echo 'APT::Periodic::Unattended-Upgrade \"1\";' >/etc/apt/apt.conf.d/99zz", "no-automatic-install"),
    ("cp /usr/bin/true /usr/local/bin/gcc", "compilers-absent"),
    ("cp /usr/bin/true /usr/local/bin/tcpdump", "management-tools-absent"),
    ("chmod 644 /etc/ssh/ssh_host_ed25519_key", "key-permissions"),
    ("printf 'machine archive.invalid login ada password plain\\n' >/root/.netrc", "no-cleartext-credentials"),
    (
        "echo 'ulimit -c unlimited' >>/etc/profile; echo '* soft core unlimited' >/etc/security/limits.d/zz.conf",
        "core-dumps",
    ),
    ("cp /usr/bin/true /usr/bin/who", "package-integrity"),
)
