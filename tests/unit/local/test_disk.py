"""A disk from an archive: the same bytes for the same inputs, and what is on it can be read back without a mount."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.common.containment import writing
from hallmark.common.errors import ProcessError, SettingsError
from hallmark.common.fingerprint import hash_file
from hallmark.common.process import run
from hallmark.local.disk import DiskIds, compress, make_disk, make_overlay
from hallmark.local.disk_reader import read_from_disk

SIZE_MIB, EPOCH = 128, 1_757_000_000
IDS = DiskIds.of("f" * 64)
SHIM = "usr/lib/shim/shimx64.efi.signed"
FILES = {
    SHIM: b"shim",
    "usr/lib/shim/mmx64.efi.signed": b"mok manager",
    "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed": b"grub",
    "var/lib/dpkg/status": b"Package: base-files\nStatus: install ok installed\n",
    "boot/vmlinuz-6.12.9-cloud-amd64": b"old kernel",
    "boot/vmlinuz-6.12.10-cloud-amd64": b"new kernel",
    "boot/initrd.img-6.12.10-cloud-amd64": b"initrd",
}


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    """A root file system's archive as mmdebstrap writes it."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        folders = sorted({str(parent) for name in files for parent in Path(name).parents if str(parent) != "."})
        for folder in folders:
            entry = tarfile.TarInfo(f"./{folder}")
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, EPOCH
            tar.addfile(entry)
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(f"./{name}")
            entry.size, entry.mtime = len(data), EPOCH
            tar.addfile(entry, io.BytesIO(data))
    return path


def write_disk(folder: Path, *, files: dict[str, bytes] = FILES, ids: DiskIds = IDS) -> Path:
    folder.mkdir()
    archive = write_archive(folder / "root.tar", files)
    make_disk(archive, folder / "disk.qcow2", ids=ids, size_mib=SIZE_MIB, epoch=EPOCH, work=folder)
    return folder / "disk.qcow2"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_disk(tmp_path_factory.mktemp("disk") / "first")


def test_the_same_inputs_give_the_same_bytes(disk: Path, tmp_path: Path) -> None:
    assert hash_file(write_disk(tmp_path / "second")) == hash_file(disk)


def test_other_identifiers_give_another_disk(disk: Path, tmp_path: Path) -> None:
    assert hash_file(write_disk(tmp_path / "second", ids=DiskIds.of("e" * 64))) != hash_file(disk)


def test_a_disk_has_an_esp_and_a_root_with_the_identifiers_asked_for(disk: Path, tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    run(["qemu-img", "convert", "-O", "raw", disk, raw], timeout=60, reach=writing(raw.parent))
    table = json.loads(run(["sfdisk", "--json", raw], timeout=60).stdout)["partitiontable"]
    assert (table["label"], table["id"].lower()) == ("gpt", IDS.disk)
    assert [(p["name"], p["uuid"].lower()) for p in table["partitions"]] == [
        ("esp", IDS.esp_partition),
        ("root", IDS.root_partition),
    ]
    esp = f"{raw}@@{table['partitions'][0]['start'] * 512}"
    listed = run(["mdir", "-b", "-/", "-i", esp, "::/"], env={"MTOOLS_SKIP_CHECK": "1"}, timeout=60).stdout.split()
    assert sorted(name for name in listed if "." in name) == [
        "::/EFI/BOOT/BOOTX64.EFI",
        "::/EFI/BOOT/grubx64.efi",
        "::/EFI/BOOT/mmx64.efi",
        "::/EFI/debian/grub.cfg",
        "::/EFI/debian/grubx64.efi",
        "::/EFI/debian/mmx64.efi",
        "::/EFI/debian/shimx64.efi",
    ]
    config = run(["mtype", "-i", esp, "::/EFI/debian/grub.cfg"], timeout=60).stdout
    assert f"search.fs_uuid {IDS.root_filesystem} root" in config


def test_nothing_is_left_beside_the_disk_but_what_was_asked_for(disk: Path) -> None:
    assert sorted(path.name for path in disk.parent.iterdir()) == ["disk.qcow2", "esp", "root.tar"]


def test_status_and_newest_kernel_are_read_back(disk: Path, tmp_path: Path) -> None:
    read_from_disk(disk, tmp_path, status=tmp_path / "status", kernel=tmp_path / "vmlinuz")
    assert (tmp_path / "status").read_bytes() == FILES["var/lib/dpkg/status"]
    assert (tmp_path / "vmlinuz").read_bytes() == b"new kernel"
    assert not (tmp_path / "disk.raw").exists()


@pytest.mark.parametrize("missing", [name for name in FILES if name.startswith("usr/lib/")])
def test_an_archive_without_boot_loader_is_told(tmp_path: Path, missing: str) -> None:
    files = {name: data for name, data in FILES.items() if name != missing}
    with pytest.raises(ProcessError) as failed:
        write_disk(tmp_path / "disk", files=files)
    assert str(failed.value) == (
        f"{tmp_path}/disk/root.tar: expected the boot loader's file {missing}; "
        "the base needs shim-signed and grub-efi-amd64-signed"
    )


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("var/lib/dpkg/status", "no /var/lib/dpkg/status in its root file system"),
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


def test_an_overlay_leaves_what_is_below_it_as_it_is(disk: Path, tmp_path: Path) -> None:
    before = hash_file(disk)
    make_overlay(disk, tmp_path / "overlay.qcow2")
    run(["qemu-io", "-c", "write -P 7 0 1M", tmp_path / "overlay.qcow2"], timeout=60, reach=writing(tmp_path))
    assert hash_file(disk) == before
    compress(tmp_path / "overlay.qcow2", tmp_path / "whole.qcow2", source_format="qcow2")
    info = json.loads(run(["qemu-img", "info", "--output=json", tmp_path / "whole.qcow2"], timeout=60).stdout)
    assert "backing-filename" not in info
    assert info["format-specific"]["data"]["compression-type"] == "zstd"
    run(["qemu-io", "-c", "read -P 7 0 1M", "-r", tmp_path / "whole.qcow2"], timeout=60)


@given(st.text(), st.text())
def test_identifiers_are_those_of_the_fingerprint(one: str, other: str) -> None:
    first, second = DiskIds.of(one), DiskIds.of(other)
    assert (first == second) == (one == other)
    assert len({first.disk, first.esp_partition, first.root_partition, first.root_filesystem, first.hash_seed}) == 5
    assert str(uuid.UUID(first.root_filesystem)) == first.root_filesystem
    assert first.esp_uuid == f"{first.esp_volume[:4]}-{first.esp_volume[4:]}"
