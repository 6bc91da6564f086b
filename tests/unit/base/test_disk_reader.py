"""Reading a disk: its status and newest kernel, and one clear error for what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.base.disk import make_overlay, unpack
from hallmark.base.disk_reader import RawRoot, read_from_disk, read_status
from hallmark.base.ec2 import check_for_ec2
from hallmark.common.containment import writing
from hallmark.common.errors import SettingsError
from hallmark.common.process import run
from tests.support.made_disk import FILES, SEPARATE, SEPARATE_FILES, disk, separate, write_disk

__all__ = ["disk", "separate"]


def test_status_and_newest_kernel_are_read_back(disk: Path, tmp_path: Path) -> None:
    read_from_disk(disk, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")
    assert (tmp_path / "status").read_bytes() == FILES["var/lib/dpkg/status"]
    assert (tmp_path / "vmlinuz").read_bytes() == b"new kernel"
    assert not (tmp_path / "disk.raw").exists()


def test_a_disk_is_read_through_its_partitions(separate: Path, tmp_path: Path) -> None:
    read_from_disk(separate, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")
    assert (tmp_path / "status").read_bytes() == FILES["var/lib/dpkg/status"]
    assert (tmp_path / "vmlinuz").read_bytes() == b"new kernel"
    assert read_status(separate, tmp_path).encode() == FILES["var/lib/dpkg/status"]


def test_a_raw_disk_is_read_through_its_partitions_too(separate: Path, tmp_path: Path) -> None:
    unpack(separate, tmp_path / "disk.raw")
    root = RawRoot(tmp_path / "disk.raw", tmp_path)
    assert (root.newest_kernel(), root.text("/var/log/README")) == ("6.12.10-cloud-amd64", "logs\n")
    assert root.names("/var/log") == ["README", "lost+found"]
    assert root.names("/var/lib") == ["dpkg"]
    check_for_ec2(tmp_path / "disk.raw", tmp_path)


def test_the_partition_that_is_not_in_fstab_is_not_read(tmp_path: Path) -> None:
    files = {**SEPARATE_FILES, "etc/fstab": b"UUID=" + b"0" * 36 + b" /var ext4 rw 0 2\nproc /proc proc rw 0 0\n"}
    disk = write_disk(tmp_path / "disk", files=files, layout=SEPARATE)
    with pytest.raises(SettingsError, match="no /var/lib/dpkg/status in its file systems"):
        read_status(disk, tmp_path)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("var/lib/dpkg/status", "no /var/lib/dpkg/status in its file systems"),
        ("boot/vmlinuz-", "no kernel in its /boot"),
    ],
)
def test_a_disk_of_another_system_is_told(tmp_path: Path, missing: str, reason: str) -> None:
    disk = write_disk(tmp_path / "disk", files={n: data for n, data in FILES.items() if not n.startswith(missing)})
    with pytest.raises(SettingsError) as refused:
        read_from_disk(disk, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")
    assert str(refused.value) == f"{disk}: expected a qcow2 of a Debian system with an ext4 root: {reason}"


def test_a_disk_without_partitions_is_told(tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], timeout=60, reach=writing(disk.parent))
    with pytest.raises(SettingsError, match="expected a qcow2 of a Debian system with an ext4 root: sfdisk: exit code"):
        read_from_disk(disk, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")


def test_what_is_no_qcow2_is_told(tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    disk.write_bytes(b"\x7fELF" * 1000)
    with pytest.raises(SettingsError, match="expected a qcow2 of a Debian system with an ext4 root: qemu-img: exit"):
        read_from_disk(disk, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")


def test_a_qcow2_that_hides_another_file_behind_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * 4096)
    disk = tmp_path / "disk.qcow2"
    make_overlay(tmp_path / "secret", disk, backing_format="raw")
    with pytest.raises(SettingsError) as refused:
        read_from_disk(disk, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")
    assert str(refused.value) == (
        f"{disk}: expected a qcow2 of a Debian system with an ext4 root: it is backed by {tmp_path}/secret; "
        "`qemu-img convert -O qcow2` makes one that stands alone"
    )


def test_a_qcow2_that_keeps_its_data_elsewhere_is_refused(tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    options = f"data_file={tmp_path}/secret,data_file_raw=on"
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", options, disk, "1M"], timeout=60, reach=writing(disk.parent))
    with pytest.raises(SettingsError, match=f"it is backed by {tmp_path}/secret"):
        read_from_disk(disk, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")
