"""Makes a UEFI disk out of a root file system archive, without loop devices, mounts or random numbers.

Place in the pipeline: the last step of the base. The same archive gives the same bytes: identifiers come from the
fingerprint, times are clamped to the epoch by mke2fs, mtools and whoever made the archive.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from hallmark.common.containment import Reach, writing
from hallmark.common.errors import ProcessError
from hallmark.common.files import MIB
from hallmark.common.process import run

_ESP_START, _ESP_SIZE = 1 * MIB, 64 * MIB
_ROOT_START = _ESP_START + _ESP_SIZE
_GPT_TAIL = 1 * MIB
_SHIM = "usr/lib/shim/shimx64.efi.signed"
_MOK_MANAGER = "usr/lib/shim/mmx64.efi.signed"
_GRUB = "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskIds:
    """Every identifier on a disk, derived from one fingerprint so that nothing on it is random."""

    disk: str
    esp_partition: str
    root_partition: str
    root_filesystem: str
    hash_seed: str
    esp_volume: str

    @classmethod
    def of(cls, fingerprint: str) -> DiskIds:
        """Identifiers for the base with this fingerprint."""

        def name(what: str) -> str:
            return str(uuid.uuid5(uuid.NAMESPACE_OID, f"hallmark:{fingerprint}:{what}"))

        return cls(
            disk=name("disk"),
            esp_partition=name("esp"),
            root_partition=name("root"),
            root_filesystem=name("ext4"),
            hash_seed=name("hash"),
            esp_volume=name("vfat")[:8].upper(),
        )

    @property
    def esp_uuid(self) -> str:
        """The ESP's volume id as Linux names it: `ABCD-1234`."""
        return f"{self.esp_volume[:4]}-{self.esp_volume[4:]}"


def make_disk(archive: Path, target: Path, *, ids: DiskIds, size_mib: int, epoch: int, work: Path) -> None:
    """Write a compressed qcow2 with an ESP (shim, GRUB) and an ext4 root made from `archive` (a tar)."""
    raw = work / "disk.raw"
    with raw.open("wb") as stream:
        stream.truncate(size_mib * MIB)
    _partition(raw, ids, size_mib)
    _make_root(raw, archive, ids, size_mib, epoch)
    _make_esp(raw, archive, ids, epoch, work)
    compress(raw, target)
    raw.unlink()


def compress(source: Path, target: Path, *, source_format: str = "raw", timeout: float = 900) -> None:
    """Write `source`, with whatever it is backed by, as one self-contained zstd-compressed qcow2."""
    options = "compression_type=zstd,cluster_size=65536"
    run(
        ["qemu-img", "convert", "-f", source_format, "-O", "qcow2", "-c", "-o", options, "-m", "4", source, target],
        timeout=timeout,
        reach=writing(target.parent),
    )


def unpack(source: Path, target: Path) -> None:
    """Write a qcow2 that stands alone as a sparse raw image."""
    args: list[str | Path] = ["qemu-img", "convert", "-f", "qcow2", "-O", "raw", source, target]
    run(args, timeout=900, reach=Reach(reads=(source,), writes=(target.parent,)))


def make_overlay(backing: Path, target: Path, *, backing_format: str = "qcow2") -> None:
    """Write an empty qcow2 on top of `backing`, which stays as it is."""
    run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format, "-b", backing.resolve(), target],
        timeout=60,
        reach=writing(target.parent),
    )


def write_boot_loader(archive: Path, tree: Path, ids: DiskIds) -> None:
    """Write below the new folder `tree` what the ESP holds: shim, GRUB and MOK manager of the packages in `archive`.

    They are there twice: where firmware looks by itself, and where Debian keeps them. A patched package's files do not
    come here by themselves: that is what the control boot-loader-current is for.
    """
    files = _read_members(archive, (_SHIM, _MOK_MANAGER, _GRUB))
    common = {"mmx64.efi": files[_MOK_MANAGER], "grubx64.efi": files[_GRUB]}
    config = f"search.fs_uuid {ids.root_filesystem} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"
    debian = {**common, "shimx64.efi": files[_SHIM], "grub.cfg": config.encode()}
    for folder, content in {"BOOT": {**common, "BOOTX64.EFI": files[_SHIM]}, "debian": debian}.items():
        (tree / "EFI" / folder).mkdir(parents=True)
        for name, data in content.items():
            (tree / "EFI" / folder / name).write_bytes(data)


def _partition(raw: Path, ids: DiskIds, size_mib: int) -> None:
    esp, root = _ESP_SIZE // 512, (size_mib * MIB - _ROOT_START - _GPT_TAIL) // 512
    table = "\n".join(
        (
            "label: gpt",
            f"label-id: {ids.disk}",
            f"start={_ESP_START // 512}, size={esp}, type=uefi, uuid={ids.esp_partition}, name=esp",
            f"start={_ROOT_START // 512}, size={root}, type=linux-root-x86-64, uuid={ids.root_partition}, name=root",
        )
    )
    run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", raw],
        stdin=table.encode(),
        timeout=60,
        reach=writing(raw.parent),
    )


def _make_root(raw: Path, archive: Path, ids: DiskIds, size_mib: int, epoch: int) -> None:
    size = size_mib * MIB - _ROOT_START - _GPT_TAIL
    extended = f"offset={_ROOT_START},hash_seed={ids.hash_seed},lazy_itable_init=0,lazy_journal_init=0"
    features = "^orphan_file,^metadata_csum_seed"
    # fmt: off
    args: list[str | Path] = [
        "mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-U", ids.root_filesystem, "-d", archive,
        "-E", extended, "-O", features, raw, f"{size // 1024}k",
    ]
    # fmt: on
    run(
        args,
        env={"SOURCE_DATE_EPOCH": str(epoch), "E2FSPROGS_FAKE_TIME": str(epoch)},
        timeout=600,
        reach=writing(raw.parent),
    )


def _make_esp(raw: Path, archive: Path, ids: DiskIds, epoch: int, work: Path) -> None:
    tree = work / "esp"
    write_boot_loader(archive, tree, ids)
    for path in (*tree.rglob("*"), tree):
        os.utime(path, (epoch, epoch))
    image = work / "esp.img"
    with image.open("wb") as stream:
        stream.truncate(_ESP_SIZE)
    environment = {"SOURCE_DATE_EPOCH": str(epoch), "MTOOLS_SKIP_CHECK": "1"}
    make: list[str | Path] = ["mkfs.vfat", "--invariant", "-F", "32", "-i", ids.esp_volume, "-n", "ESP", image]
    run(make, env=environment, timeout=60, reach=writing(work))
    copy: list[str | Path] = ["mcopy", "-s", "-m", "-i", image, tree / "EFI", "::/"]
    run(copy, env=environment, timeout=120, reach=writing(work))
    _write_at(raw, image, _ESP_START)
    image.unlink()


def _write_at(disk: Path, part: Path, offset: int) -> None:
    with disk.open("r+b") as out, part.open("rb") as source:
        position = 0
        while block := source.read(MIB):
            if block.count(0) != len(block):
                out.seek(offset + position)
                out.write(block)
            position += len(block)


def _read_members(archive: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Some files of a tar, by tar itself: Python's tarfile remembers each of 20,000 members, in 10 MiB."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        wanted = [f"./{name}" for name in names]
        tar: list[str | Path] = ["tar", "--extract", "--file", archive, "--directory", scratch]
        run([*tar, *wanted], timeout=120, check=False, reach=writing(Path(scratch)))
        for name in names:
            if not (Path(scratch) / name).is_file():
                raise ProcessError(
                    f"{archive}: expected the boot loader's file {name}; "
                    "the base needs shim-signed and grub-efi-amd64-signed"
                )
        return {name: (Path(scratch) / name).read_bytes() for name in names}
