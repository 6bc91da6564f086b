"""The root file system of a base, made by mmdebstrap from an archive of just the planned packages.

Place in the pipeline: the first step of the base. What is installed was resolved by apt before, from signed indexes;
its records and the .debs that they name, each by its hash, are the whole archive that mmdebstrap sees. So nothing else
can get in, and apt need not hold the records of all of Debian in memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hallmark.base.disk import DiskIds
from hallmark.common.containment import Reach
from hallmark.common.files import remove_tree
from hallmark.common.fingerprint import hash_file
from hallmark.common.process import run
from hallmark.config.disk import PLAIN, Layout
from hallmark.debian.apt import Planned, PrivateRoot
from hallmark.debian.pool import file_name
from hallmark.debian.unpacked import write_unpacked

BASE_FILES = Path(__file__).parent / "base_files"
LAYOUT_FILES = Path(__file__).parent / "layout_files"
_POOL = "pool"
_LARGE = 8 << 20
# Of a package's record: what the archive says otherwise, and what dpkg's status says besides.
_LEFT_OUT = ("Status:", "Filename:", "Size:", "MD5sum:", "SHA")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """What a tree is to be: `packages` as they are asked for, and `planned` and `status` with all that they need.

    `epoch` is the time of all files, in seconds; `layout` and `ids` are those of the disk that the tree is for.
    """

    packages: tuple[str, ...]
    planned: tuple[Planned, ...]
    status: str
    epoch: int
    ids: DiskIds
    layout: Layout = PLAIN


def build_tree(
    tree: Tree, root: PrivateRoot, pool: Path, target: Path, *, say: Callable[[str], None], log: Path | None = None
) -> None:
    """Write the tree as a tar. MirrorError when a .deb cannot be had, ProcessError when mmdebstrap fails."""
    root.download(tree.planned, pool, say)
    archive = target.with_name("archive")
    write_archive(archive, tree.status, pool)
    say(f"installing {len(tree.planned)} packages with mmdebstrap")
    install_tree(tree, archive, target, architecture=root.architecture, log=log)
    remove_tree(archive)


def write_archive(folder: Path, status: str, pool: Path) -> None:
    """Make `folder` an archive for apt that has the packages of a dpkg status, with the pool's .debs.

    The stanzas must come from an archive's index. A large .deb is taken over unpacked, to be installed in less memory.
    """
    folder.mkdir()
    (folder / _POOL).symlink_to(pool.absolute())
    records = (_record(folder, stanza, pool) for stanza in status.strip("\n").split("\n\n"))
    (folder / "Packages").write_text("\n\n".join(records) + "\n")


def _record(folder: Path, stanza: str, pool: Path) -> str:
    """A package's record with the path of its .deb in this archive."""
    kept = [line for line in stanza.splitlines() if not line.startswith(_LEFT_OUT)]
    name, sha256, size = (_field(stanza, key) for key in ("Package", "SHA256", "Size"))
    path = f"{_POOL}/{file_name(sha256)}"
    if int(size) >= _LARGE:
        path = f"{name}.deb"
        write_unpacked(pool / file_name(sha256), folder / path)
        sha256, size = hash_file(folder / path), str((folder / path).stat().st_size)
    return "\n".join([*kept, f"Filename: {path}", f"Size: {size}", f"SHA256: {sha256}"])


def _field(stanza: str, key: str) -> str:
    found = re.search(rf"^{key}: (\S+)$", stanza, re.MULTILINE)
    if found is None:
        raise ValueError(f"expected a package's record with {key}, got {stanza[:60]!r}")
    return found[1]


def install_tree(tree: Tree, archive: Path, target: Path, *, architecture: str, log: Path | None = None) -> None:
    """Write the tree as a tar from an archive that has all its packages. ProcessError when mmdebstrap fails."""
    include = ",".join(name for name in tree.packages if name != "?essential")
    mode = "root" if os.geteuid() == 0 else "unshare"
    # No suite: whatever the archive has, it has once.
    # fmt: off
    args: list[str | Path] = [
        "mmdebstrap", f"--mode={mode}", "--variant=essential", f"--architectures={architecture}",
        "--aptopt=APT::Install-Recommends false", f"--include={include}", "--skip=cleanup/apt",
        f"--customize-hook={BASE_FILES / 'customize.sh'}", *_laying_out(tree.layout), "", target, "-",
    ]
    # fmt: on
    run(
        args,
        stdin=f"deb [trusted=yes] copy:{quote(str(archive))} ./\n".encode(),
        env={
            "SOURCE_DATE_EPOCH": str(tree.epoch),
            "ROOT_UUID": tree.ids.root_filesystem,
            "ESP_UUID": tree.ids.esp_uuid,
            **_about(tree.layout, tree.ids),
            "TMPDIR": str(target.parent),
            # customize.sh makes both, once, when apt and dpkg have left the memory that these take.
            "SYSTEMD_HWDB_UPDATE_BYPASS": "1",
            "INITRD": "No",
        },
        timeout=1800,
        reach=Reach(writes=(target.parent,), installs=True),
        log=log,
    )


def _laying_out(layout: Layout) -> list[str]:
    """The hook after customize.sh, for a disk of several partitions."""
    return [f"--customize-hook={LAYOUT_FILES / 'lay_out.sh'}"] if layout.mount_points else []


def _about(layout: Layout, ids: DiskIds) -> dict[str, str]:
    """What that hook is told."""
    if not layout.mount_points:
        return {}
    return {"FSTAB": fstab(layout, ids), "BOOT_UUID": ids.filesystem("/boot"), "GROWS": layout.grows}


def fstab(layout: Layout, ids: DiskIds) -> str:
    """The file systems of a disk, each after what it is mounted on."""
    return "\n".join(
        (
            f"UUID={ids.root_filesystem} / ext4 rw,discard,errors=remount-ro 0 1",
            *(f"UUID={ids.filesystem(place)} {place} ext4 rw,discard 0 2" for place in layout.mount_points),
            f"UUID={ids.esp_uuid} /boot/efi vfat rw,umask=0077 0 2",
        )
    )
