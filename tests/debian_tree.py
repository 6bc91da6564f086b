"""A tree with packages of a private root's suites, made as the base's is: for tests that need a Debian of their own.

What is made from one is kept in the machine's cache, beside that of other checkouts whose tests may run at this time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from hallmark.base.base_tree import Tree, build_tree
from hallmark.base.disk import DiskIds
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.pool import pool_of

EPOCH = 1735689600


def make_tree(root: PrivateRoot, cache: Path, target: Path, packages: tuple[str, ...], identity: str) -> None:
    """Write a tar with these packages and all they need, as `root` was updated last."""
    # mmdebstrap installs what is essential in any case: it must be in the archive.
    wanted = ("?essential", *(name for name in packages if name != "?essential"))
    with root.locked():
        planned = root.simulate_install("", wanted, upgrade=False)
        status = root.status_text(planned)
    ids = DiskIds.of(identity)
    tree = Tree(packages=packages, planned=planned, status=status, epoch=EPOCH, ids=ids)
    build_tree(tree, root, pool_of(cache), target, say=lambda _: None, log=target.with_name("mmdebstrap.log"))


def keep(folder: Path) -> None:
    """Until this process ends, `unused` does not name this folder."""
    descriptor = os.open(_lock(folder), os.O_RDWR | os.O_CREAT, 0o666)
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def unused(parent: Path) -> Iterator[Path]:
    """The folders below `parent` that no running test keeps."""
    for folder in [path for path in parent.iterdir() if path.is_dir()]:
        descriptor = os.open(_lock(folder), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield folder
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
