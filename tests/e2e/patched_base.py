"""A base of a user's own with nothing outstanding: Debian 13 as all its suites have it now, and few packages.

Built with hallmark.base.base and hallmark.base.disk; kept in the machine's cache until the archive moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hallmark.base.base_tree import BASE_FILES
from hallmark.base.disk import DiskIds, make_disk
from hallmark.common.files import remove_tree
from hallmark.common.fingerprint import fingerprint, hash_file, hash_tree
from hallmark.common.locks import held
from hallmark.config.disk import plain
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.mirror import find_mirror
from tests.debian_tree import EPOCH, keep, make_tree, unused
from tests.e2e import sooner

# What boots by UEFI, configures itself with cloud-init, and has what the image scripts use.
PACKAGES = (
    "apt", "cloud-init", "dbus", "e2fsprogs", "grub-efi-amd64-bin", "grub-efi-amd64-signed", "grub2-common",
    "initramfs-tools", "iproute2", "kmod", "linux-image-cloud-amd64", "openssh-server", "procps", "python3",
    "shim-signed", "sudo", "systemd-resolved", "systemd-sysv", "udev", "zstd",
)  # fmt: skip
SIZE_MIB = 3072


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedDisk:
    """A disk as a user names it to a stack."""

    disk: Path
    sha512: str


def find_patched_base(cache: Path) -> NamedDisk:
    """The disk, built when the cache has none for the archive as it is now."""
    root = PrivateRoot(cache, find_mirror(None, None))
    with root.locked():
        archive = root.update()
    identity = fingerprint(
        "patched-base",
        {
            "archive": archive,
            "packages": PACKAGES,
            "files": hash_tree(BASE_FILES),
            "sooner": hash_file(Path(sooner.__file__)),
            "size": SIZE_MIB,
        },
    )
    parent = cache / "test-bases"
    parent.mkdir(parents=True, exist_ok=True)
    with held(parent / "lock"):
        folder = parent / identity[:16]
        if not (folder / "disk.qcow2").exists():
            for old in unused(parent):
                remove_tree(old)
            _build(root, folder, identity, cache)
        keep(folder)
    return NamedDisk(disk=folder / "disk.qcow2", sha512=hash_file(folder / "disk.qcow2", algorithm="sha512"))


def _build(root: PrivateRoot, folder: Path, identity: str, cache: Path) -> None:
    work = folder.with_name("building")
    work.mkdir()
    ids = DiskIds.of(identity)
    make_tree(root, cache, work / "root.tar", PACKAGES, identity)
    sooner.boot_sooner(work / "root.tar", EPOCH)
    make_disk(work / "root.tar", work / "disk.qcow2", ids=ids, layout=plain(SIZE_MIB), epoch=EPOCH, work=work)
    (work / "root.tar").unlink()
    remove_tree(work / "esp")
    work.rename(folder)
