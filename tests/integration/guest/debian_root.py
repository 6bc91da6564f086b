"""The tree that control scenarios run in: Debian 13 as a patched base.

It has what any control needs of packages. Made with hallmark.base.base from the mirror, unpacked once, and kept in
the cache until mirror or packages move.
"""

from __future__ import annotations

from pathlib import Path

from hallmark.base.base import PACKAGES
from hallmark.base.base_tree import BASE_FILES
from hallmark.base.disk import DiskIds, write_boot_loader
from hallmark.common.containment import Reach, writing
from hallmark.common.files import remove_tree
from hallmark.common.fingerprint import fingerprint, hash_tree
from hallmark.common.process import run
from hallmark.controls.files import load_controls
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.mirror import find_mirror
from tests.debian_tree import keep, make_tree, unused
from tests.integration.guest.scratch import as_root, locked

CHECKOUT = Path(__file__).parents[3]


def find_debian_root(cache: Path) -> Path:
    """The tree below `cache`, made when there is none for the archive as it is now; older ones are removed."""
    controls = load_controls(CHECKOUT / "image_scripts" / "controls").values()
    replaced = {name for control in controls for name in control.replaces}
    base = (name for name in PACKAGES if name not in replaced)
    packages = tuple(dict.fromkeys((*base, *(name for control in controls for name in control.packages))))
    root = PrivateRoot(cache, find_mirror(None, None))
    with root.locked():
        archive = root.update()
    identity = fingerprint(
        "test-root", {"archive": archive, "packages": packages, "files": hash_tree(BASE_FILES), "esp": 1}
    )
    parent = cache / "test-roots"
    tree = parent / identity[:16]
    with locked(parent / "lock"):
        if not tree.is_dir():
            for old in unused(parent):
                run(as_root(["rm", "-rf", old]), timeout=300, reach=Reach(writes=(parent,), installs=True))
            _make(root, cache, parent / "half-made", packages, identity).rename(tree)
        keep(tree)
    return tree


def _make(root: PrivateRoot, cache: Path, work: Path, packages: tuple[str, ...], identity: str) -> Path:
    (work / "tree").mkdir(parents=True)
    archive = work / "root.tar"
    make_tree(root, cache, archive, packages, identity)
    # drive.sh gives each scratch root a /dev of its own; contained, not even root makes devices.
    run(
        as_root(["tar", "--numeric-owner", "--xattrs", "--exclude=./dev/*", "-xpf", archive, "-C", work / "tree"]),
        timeout=600,
        reach=Reach(writes=(work,), installs=True),
    )
    write_boot_loader(archive, work / "esp", DiskIds.of(identity))
    run(as_root(["cp", "-R", work / "esp" / "EFI", work / "tree" / "boot" / "efi"]), timeout=60, reach=writing(work))
    archive.unlink()
    finished = work.with_name("finished")
    if finished.exists():
        remove_tree(finished)
    (work / "tree").rename(finished)
    remove_tree(work)
    return finished
