"""package-integrity's check.py: which files root's programs obey, so that one that came later is a finding."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[3] / "image_scripts"
MATCHES = "import check, sys; print(*(path for path in sys.argv[1:] if check.ORDERS.match(path)), sep='\\n')"
# Each alone is a way for somebody who was root once to be root again.
ORDERS = """
/etc/cloud/cloud.cfg.d/zz.cfg /etc/cron.d/zz /etc/crontab /etc/dbus-1/system.d/zz.conf /etc/default/grub.d/zz.cfg
/etc/environment /etc/grub.d/99_zz /etc/kernel/postinst.d/zz /etc/ld.so.conf.d/zz.conf /etc/ld.so.preload
/etc/logrotate.d/zz /etc/modprobe.d/zz.conf /etc/modules /etc/modules-load.d/zz.conf /etc/network/if-up.d/zz
/etc/polkit-1/rules.d/zz.rules /etc/profile.d/zz.sh /etc/rc.local /etc/ssh/sshrc /etc/systemd/system-generators/zz
/etc/systemd/system.conf.d/zz.conf /etc/systemd/system/zz.service /etc/systemd/user-environment-generators/zz
/etc/systemd/user/zz.service /etc/tmpfiles.d/zz.conf /etc/udev/rules.d/zz.rules /etc/update-motd.d/99-zz
/root/.bashrc /usr/local/bin/ls /usr/local/lib/python3.13/dist-packages/zz.pth /usr/local/lib/systemd/system/zz.service
/usr/share/dbus-1/system-services/zz.service /usr/share/polkit-1/rules.d/zz.rules
/var/lib/cloud/scripts/per-boot/zz /var/spool/cron/crontabs/root
"""
# What a machine's ordinary life writes.
LIFE = """
/etc/default/locale /etc/hostname /etc/ld.so.cache /etc/machine-id /etc/network/interfaces.d/50-cloud-init
/etc/ssh/ssh_host_ed25519_key /etc/systemd/network/10-cloud-init-eth0.network /home/ada/.bashrc /root/.bash_history
/usr/local/share/man/man1/zz.1 /var/lib/cloud/instance/scripts/part-001 /var/spool/cron/crontabs/ada
"""


def test_what_root_obeys_is_looked_at_and_what_life_writes_is_not() -> None:
    place = f"{SCRIPTS}:{SCRIPTS / 'controls/package-integrity'}"
    done = subprocess.run(
        [sys.executable, "-c", MATCHES, *ORDERS.split(), *LIFE.split()],
        env={"PYTHONPATH": place},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ORDERS.split()
