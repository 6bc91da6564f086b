"""The cheapest guest that is a real one: Debian's boot loaders and kernel, and a RAM disk that runs a test's script.

hallmark.base.disk makes the disk like any base's. What the guest does comes from the medium in its first CD-ROM drive:
a shell script, run by busybox as the machine's only program.
"""

from __future__ import annotations

import io
import lzma
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from hallmark.base.disk import DiskIds, make_disk
from hallmark.common.containment import writing
from hallmark.common.fingerprint import fingerprint
from hallmark.common.process import run
from hallmark.config.disk import plain
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.mirror import find_mirror
from hallmark.debian.pool import pool_path

PACKAGES = ("busybox-static", "grub-efi-amd64-signed", "linux-image-cloud-amd64", "shim-signed")
_NEEDED = ("busybox-static", "grub-efi-amd64-signed", "linux-image-6", "shim-helpers-amd64-signed", "shim-signed")
# In the order in which they go into the kernel.
_MODULES = ("virtio_blk", "scsi_common", "scsi_mod", "virtio_scsi", "cdrom", "sr_mod")
_LOADERS = (
    "usr/lib/shim/shimx64.efi.signed",
    "usr/lib/shim/mmx64.efi.signed",
    "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed",
)
_EPOCH = 946684800
_BLOCK = 2048
_MENU = """\
set timeout=0
menuentry guest {
    linux /boot/vmlinuz console=ttyS0,115200 panic=-1 quiet
    initrd /boot/initrd
}
"""
_INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /run
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s
for module in MODULES; do insmod /modules/$module.ko; done
until [ -b /dev/sr0 ]; do sleep 0.1; done
tr -d '\\000' </dev/sr0 >/script
results=/dev/vdb
. /script
poweroff -f
"""


def script_medium(target: Path, script: str) -> Path:
    """A medium that holds nothing but a script, filled up to whole blocks."""
    data = script.encode() + b"\n"
    target.write_bytes(data + b"\0" * (-len(data) % _BLOCK) + b"\0" * _BLOCK)
    return target


def make_small_disk(target: Path, cache: Path, work: Path) -> None:
    """Write the disk; what it is made of comes from the mirror by way of the shared pool."""
    tree = work / "tree"
    _unpack(cache, tree)
    kernel = next((tree / "boot").glob("vmlinuz-*"))
    files = {f"./{name}": (tree / name).read_bytes() for name in _LOADERS}
    files["./boot/vmlinuz"] = kernel.read_bytes()
    files["./boot/initrd"] = _ram_disk(tree)
    files["./boot/grub/grub.cfg"] = _MENU.encode()
    archive = work / "root.tar"
    _write_tar(archive, files)
    make_disk(
        archive, target, ids=DiskIds.of(fingerprint("small-guest", {})), layout=plain(192), epoch=_EPOCH, work=work
    )


def _unpack(cache: Path, tree: Path) -> None:
    root = PrivateRoot(cache, find_mirror(None, None))
    root.update()
    planned = [p for p in root.simulate_install("", PACKAGES, upgrade=False) if p.name.startswith(_NEEDED)]
    root.download(planned, cache / "pool", lambda _: None)
    for package in planned:
        run(
            ["dpkg-deb", "--extract", pool_path(cache / "pool", package), tree], timeout=120, reach=writing(tree.parent)
        )


def _ram_disk(tree: Path) -> bytes:
    modules = {path.name.split(".")[0]: path for path in (tree / "usr/lib/modules").rglob("*.ko*")}
    busybox = next(path for path in (tree / "usr/bin/busybox", tree / "bin/busybox") if path.exists())
    files = {"bin/busybox": busybox.read_bytes(), "init": _INIT.replace("MODULES", " ".join(_MODULES)).encode()}
    files |= {f"modules/{name}.ko": _plain(modules[name]) for name in _MODULES}
    return b"".join(_archive(files))


def _plain(module: Path) -> bytes:
    return lzma.decompress(module.read_bytes()) if module.suffix == ".xz" else module.read_bytes()


def _archive(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """A `newc` archive of programs and the folders that they are in."""
    folders = sorted({str(parent) for name in files for parent in Path(name).parents} - {"."})
    for number, name in enumerate((*folders, *files, "TRAILER!!!"), start=1):
        mode = 0 if name == "TRAILER!!!" else (stat.S_IFREG if name in files else stat.S_IFDIR) | 0o755
        data = files.get(name, b"")
        fields = (number, mode, 0, 0, 1, _EPOCH, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        yield _aligned(b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0")
        yield _aligned(data)


def _aligned(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _write_tar(target: Path, files: Mapping[str, bytes]) -> None:
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in sorted({str(parent) for name in files for parent in Path(name).parents} - {"."}):
            entry = tarfile.TarInfo(f"./{folder}")
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, _EPOCH
            tar.addfile(entry)
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, _EPOCH
            tar.addfile(entry, io.BytesIO(data))


def processes_of(word: str) -> list[int]:
    """The processes that have a word among their arguments: QEMU names its drives there."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in words:
                found.append(int(folder.name))
    return found
