"""A tree with packages of a private root's suites, made as the base's is: for tests that need a Debian of their own."""

from __future__ import annotations

from pathlib import Path

from hallmark.apt import PrivateRoot
from hallmark.base_tree import Tree, build_tree
from hallmark.disk import DiskIds
from hallmark.pool import pool_of

EPOCH = 1735689600


def make_tree(root: PrivateRoot, cache: Path, target: Path, packages: tuple[str, ...], identity: str) -> None:
    """Write a tar with these packages and all they need, as `root` was updated last."""
    with root.locked():
        planned = root.simulate_install("", packages, upgrade=False)
        status = root.status_text(planned)
    ids = DiskIds.of(identity)
    tree = Tree(packages=packages, planned=planned, status=status, epoch=EPOCH, ids=ids)
    build_tree(tree, root, pool_of(cache), target, say=lambda _: None, log=target.with_name("mmdebstrap.log"))
