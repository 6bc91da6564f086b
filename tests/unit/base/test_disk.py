"""A disk from an archive: the same bytes for the same inputs, and what is on it can be read back without a mount."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.base.disk import DiskIds, compress, make_overlay, unpack
from hallmark.common.containment import writing
from hallmark.common.errors import ProcessError
from hallmark.common.fingerprint import hash_file
from hallmark.common.process import run
from tests.support.made_disk import FILES, IDS, SEPARATE, SEPARATE_FILES, disk, separate, write_disk

__all__ = ["disk", "separate"]


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


def partitions_of(disk: Path, raw: Path) -> list[dict[str, Any]]:
    """Its partitions as sfdisk lists them; `raw` gets the unpacked disk."""
    unpack(disk, raw)
    table = json.loads(run(["sfdisk", "--json", raw], timeout=60).stdout)["partitiontable"]
    partitions: list[dict[str, Any]] = table["partitions"]
    return partitions


def test_the_same_inputs_give_the_same_bytes_with_partitions_too(separate: Path, tmp_path: Path) -> None:
    second = write_disk(tmp_path / "second", files=SEPARATE_FILES, layout=SEPARATE)
    assert hash_file(second) == hash_file(separate)


def test_each_partition_has_its_size_its_identifiers_and_a_file_system_of_its_own(
    separate: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "disk.raw"
    found = partitions_of(separate, raw)
    assert [(p["name"], p["size"] // 2048) for p in found] == [
        ("esp", 64),
        ("boot", 16),
        ("root", 40),
        ("var-log", 16),
        ("var", 118),
    ]
    for part, wanted in zip(found[1:], SEPARATE.partitions, strict=True):
        assert part["uuid"].lower() == IDS.partition(wanted.mount_point)
        device = f"{raw}?offset={part['start'] * 512}"
        said = run(["debugfs", "-R", "stats -h", device], timeout=60).stdout
        assert f"Filesystem UUID:          {IDS.filesystem(wanted.mount_point)}" in said
        assert f"Filesystem volume name:   {wanted.label}" in said
        count, size = (int(re.findall(rf"^Block {what}: +(\d+)$", said, re.MULTILINE)[0]) for what in ("count", "size"))
        assert count * size == wanted.mib << 20
        assert size == 4096 or wanted.mount_point == "/"
        assert run(["e2fsck", "-fn", device], timeout=60).returncode == 0
    assert len({part["uuid"] for part in found}) == len(found)


def test_no_partition_holds_what_belongs_to_another(separate: Path, tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    start = {p["name"]: p["start"] * 512 for p in partitions_of(separate, raw)}

    def names(partition: str, folder: str) -> set[str]:
        rows = run(["debugfs", "-R", f"ls -p {folder}", f"{raw}?offset={start[partition]}"], timeout=60).stdout
        return {row.split("/")[5] for row in rows.split() if row.count("/") > 5} - {".", "..", "lost+found"}

    assert names("root", "/") == {"boot", "etc", "usr", "var"}
    assert names("root", "/boot") == names("root", "/var") == names("var", "/log") == set()
    assert names("var-log", "/") == {"README"}
    assert names("var", "/") == {"lib", "log"}
    assert "vmlinuz-6.12.10-cloud-amd64" in names("boot", "/")


def test_grub_looks_for_its_menu_on_the_partition_of_boot(separate: Path, tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    esp = f"{raw}@@{partitions_of(separate, raw)[0]['start'] * 512}"
    assert run(["mtype", "-i", esp, "::/EFI/debian/grub.cfg"], timeout=60).stdout == (
        f"search.fs_uuid {IDS.filesystem('/boot')} root\nset prefix=($root)'/grub'\nconfigfile $prefix/grub.cfg\n"
    )


def test_nothing_is_left_beside_the_disk_but_what_was_asked_for(disk: Path) -> None:
    assert sorted(path.name for path in disk.parent.iterdir()) == ["disk.qcow2", "esp", "root.tar"]


def test_nor_are_the_parts_of_the_archive(separate: Path) -> None:
    assert sorted(path.name for path in separate.parent.iterdir()) == ["disk.qcow2", "esp", "root.tar"]


@pytest.mark.parametrize("missing", [name for name in FILES if name.startswith("usr/lib/")])
def test_an_archive_without_boot_loader_is_told(tmp_path: Path, missing: str) -> None:
    files = {name: data for name, data in FILES.items() if name != missing}
    with pytest.raises(ProcessError) as failed:
        write_disk(tmp_path / "disk", files=files)
    assert str(failed.value) == (
        f"{tmp_path}/disk/root.tar: expected the boot loader's file {missing}; "
        "the base needs shim-signed and grub-efi-amd64-signed"
    )


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
