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

from hallmark.base.split import split_archive
from hallmark.common.containment import Reach, writing
from hallmark.common.errors import ProcessError
from hallmark.common.files import MIB
from hallmark.common.process import run
from hallmark.config.disk import ESP_MIB, PLAIN, Layout, Partition

_ESP_START, _ESP_SIZE = 1 * MIB, ESP_MIB * MIB
_SHIM = "usr/lib/shim/shimx64.efi.signed"
_MOK_MANAGER = "usr/lib/shim/mmx64.efi.signed"
_GRUB = "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskIds:
    """Every identifier on a disk, derived from one fingerprint so that nothing on it is random."""

    fingerprint: str
    disk: str
    esp_partition: str
    root_partition: str
    root_filesystem: str
    hash_seed: str
    esp_volume: str

    @classmethod
    def of(cls, fingerprint: str) -> DiskIds:
        """Identifiers for the base with this fingerprint."""
        return cls(
            fingerprint=fingerprint,
            disk=_name(fingerprint, "disk"),
            esp_partition=_name(fingerprint, "esp"),
            root_partition=_name(fingerprint, "root"),
            root_filesystem=_name(fingerprint, "ext4"),
            hash_seed=_name(fingerprint, "hash"),
            esp_volume=_name(fingerprint, "vfat")[:8].upper(),
        )

    def partition(self, mount_point: str) -> str:
        """The partition of a mount point."""
        return self.root_partition if mount_point == "/" else _name(self.fingerprint, f"partition {mount_point}")

    def filesystem(self, mount_point: str) -> str:
        """Its file system."""
        return self.root_filesystem if mount_point == "/" else _name(self.fingerprint, f"ext4 {mount_point}")

    @property
    def esp_uuid(self) -> str:
        """The ESP's volume id as Linux names it: `ABCD-1234`."""
        return f"{self.esp_volume[:4]}-{self.esp_volume[4:]}"


def _name(fingerprint: str, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"hallmark:{fingerprint}:{what}"))


def make_disk(archive: Path, target: Path, *, ids: DiskIds, layout: Layout, epoch: int, work: Path) -> None:
    """Write a compressed qcow2 with an ESP (shim, GRUB) and the layout's ext4s, filled from `archive` (a tar)."""
    raw = work / "disk.raw"
    with raw.open("wb") as stream:
        stream.truncate(layout.size_mib * MIB)
    _partition(raw, ids, layout)
    _fill(raw, archive, ids, layout, epoch, work)
    _make_esp(raw, archive, ids, layout, epoch, work)
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


def write_boot_loader(archive: Path, tree: Path, ids: DiskIds, layout: Layout = PLAIN) -> None:
    """Write below the new folder `tree` what the ESP holds: shim, GRUB and MOK manager of the packages in `archive`.

    They are there twice: where firmware looks by itself, and where Debian keeps them. A patched package's files do not
    come here by themselves: that is what the control boot-loader-current is for.
    """
    files = _read_members(archive, (_SHIM, _MOK_MANAGER, _GRUB))
    common = {"mmx64.efi": files[_MOK_MANAGER], "grubx64.efi": files[_GRUB]}
    place, prefix = ("/boot", "/grub") if "/boot" in layout.mount_points else ("/", "/boot/grub")
    search = f"search.fs_uuid {ids.filesystem(place)} root"
    config = f"{search}\nset prefix=($root)'{prefix}'\nconfigfile $prefix/grub.cfg\n"
    debian = {**common, "shimx64.efi": files[_SHIM], "grub.cfg": config.encode()}
    for folder, content in {"BOOT": {**common, "BOOTX64.EFI": files[_SHIM]}, "debian": debian}.items():
        (tree / "EFI" / folder).mkdir(parents=True)
        for name, data in content.items():
            (tree / "EFI" / folder / name).write_bytes(data)


def _starts(layout: Layout) -> list[tuple[Partition, int]]:
    """Each partition, and the byte where it starts."""
    found, start = [], _ESP_START + _ESP_SIZE
    for partition in layout.partitions:
        found.append((partition, start))
        start += partition.mib * MIB
    return found


def _partition(raw: Path, ids: DiskIds, layout: Layout) -> None:
    esp = f"start={_ESP_START // 512}, size={_ESP_SIZE // 512}, type=uefi, uuid={ids.esp_partition}, name=esp"
    rows = [
        f"start={start // 512}, size={part.mib * MIB // 512}, "
        f"type={'linux-root-x86-64' if part.mount_point == '/' else 'linux'}, "
        f"uuid={ids.partition(part.mount_point)}, name={part.label}"
        for part, start in _starts(layout)
    ]
    run(
        ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", raw],
        stdin="\n".join(("label: gpt", f"label-id: {ids.disk}", esp, *rows)).encode(),
        timeout=60,
        reach=writing(raw.parent),
    )


def _fill(raw: Path, archive: Path, ids: DiskIds, layout: Layout, epoch: int, work: Path) -> None:
    """Make each file system with its part of the archive."""
    parts = split_archive(archive, work, layout.mount_points) if layout.mount_points else {"/": archive}
    for partition, start in _starts(layout):
        _make_filesystem(raw, parts[partition.mount_point], ids, partition, start, epoch)
        if parts[partition.mount_point] != archive:
            parts[partition.mount_point].unlink()


def _make_filesystem(raw: Path, archive: Path, ids: DiskIds, partition: Partition, start: int, epoch: int) -> None:
    is_root = partition.mount_point == "/"
    seed = ids.hash_seed if is_root else ids.filesystem(partition.mount_point)
    extended = f"offset={start},hash_seed={seed},lazy_itable_init=0,lazy_journal_init=0"
    features = "^orphan_file,^metadata_csum_seed"
    # A small file system gets the blocks and inodes of a large one: it may grow.
    usage = [] if is_root else ["-T", "default"]
    # fmt: off
    args: list[str | Path] = [
        "mke2fs", "-q", "-F", "-t", "ext4", *usage, "-L", partition.label,
        "-U", ids.filesystem(partition.mount_point), "-d", archive,
        "-E", extended, "-O", features, raw, f"{partition.mib * 1024}k",
    ]
    # fmt: on
    run(
        args,
        env={"SOURCE_DATE_EPOCH": str(epoch), "E2FSPROGS_FAKE_TIME": str(epoch)},
        timeout=600,
        reach=writing(raw.parent),
    )


def _make_esp(raw: Path, archive: Path, ids: DiskIds, layout: Layout, epoch: int, work: Path) -> None:
    tree = work / "esp"
    write_boot_loader(archive, tree, ids, layout)
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
