"""What fits a base's root to a disk of several partitions, after customize.sh."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hallmark.base.base_tree import LAYOUT_FILES
from hallmark.common.process import ENVIRONMENT, PATH

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="files are given to root")
MENU = """\
set timeout=0
search --no-floppy --fs-uuid --set=root 1111
menuentry 'Debian GNU/Linux' {
    linux /boot/vmlinuz-6.12 root=UUID=1111 ro console=tty0
    initrd /boot/initrd.img-6.12
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as customize.sh leaves it."""
    tree = tmp_path / "root"
    for folder in ("boot/grub", "etc/cloud/cloud.cfg.d", "etc/systemd/system", "var/log"):
        (tree / folder).mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text(MENU)
    return tree


def lay_out(root: Path, grows: str) -> list[str]:
    """Run the script; what it has run in the root itself."""
    programs = root.parent / "bin"
    programs.mkdir()
    (programs / "chroot").write_text(f'#!/bin/sh\nshift\necho "$*" >>{root.parent}/chroot\n')
    (programs / "chroot").chmod(0o755)
    told = {"FSTAB": "UUID=1111 / ext4\nUUID=2222 /boot ext4", "BOOT_UUID": "2222", "GROWS": grows}
    environment = {**ENVIRONMENT, "PATH": f"{programs}:{PATH}", **told}
    subprocess.run(["sh", LAYOUT_FILES / "lay_out.sh", root], env=environment, check=True, timeout=60)
    ran = root.parent / "chroot"
    return ran.read_text().splitlines() if ran.exists() else []


@as_root
def test_grub_finds_kernel_and_ram_disk_on_the_partition_of_boot(root: Path) -> None:
    lay_out(root, "/var")
    expected = MENU.replace("=root 1111", "=root 2222").replace(" /boot/", " /")
    assert (root / "boot/grub/grub.cfg").read_text() == expected


@as_root
def test_fstab_is_what_it_was_told_and_each_mount_point_is_there(root: Path) -> None:
    lay_out(root, "/var")
    assert (root / "etc/fstab").read_text() == "UUID=1111 / ext4\nUUID=2222 /boot ext4\n"
    audit = (root / "var/log/audit").stat()
    assert (audit.st_mode & 0o777, audit.st_uid, audit.st_gid) == (0o750, 0, 4)


@as_root
def test_partitions_that_appear_late_end_in_no_emergency_shell(root: Path) -> None:
    lay_out(root, "/var")
    text = (root / "etc/systemd/system.conf.d/20-partitions.conf").read_text()
    assert text == "[Manager]\nDefaultDeviceTimeoutSec=10min\n"


@as_root
def test_cloud_init_grows_the_partition_and_a_unit_its_file_system(root: Path) -> None:
    assert lay_out(root, "/srv") == ["systemctl --quiet enable grow-file-system.service"]
    assert 'devices: ["/srv"]' in (root / "etc/cloud/cloud.cfg.d/20-grow.cfg").read_text()
    unit = (root / "etc/systemd/system/grow-file-system.service").read_text()
    assert "\nExecStart=/usr/lib/systemd/systemd-growfs /srv\n" in unit
    assert "\nAfter=cloud-init-network.service\n" in unit


@as_root
def test_a_root_that_grows_is_cloud_inits_work_alone(root: Path) -> None:
    assert lay_out(root, "/") == []
    assert list((root / "etc/cloud/cloud.cfg.d").iterdir()) == []
    assert list((root / "etc/systemd/system").iterdir()) == []


def test_this_machines_own_root_is_refused() -> None:
    done = subprocess.run(
        ["sh", LAYOUT_FILES / "lay_out.sh", "/"], env=ENVIRONMENT, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert b"expected a root file system other than this machine's" in done.stderr
