"""A base that is some patches behind, whatever the archive has today: on the day of a point release there is no patch.

The base's own packages, but of some sources with a version just below theirs (the same files), and with an older
kernel of the security suite where it still has one. What a build then does is what it does with a real patch set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from debian.debian_support import NativeVersion

from bench.site import Say
from hallmark.base.base import PACKAGES, SUITE, BasePlan, plan_base, plan_named_base
from hallmark.base.base_tree import Tree, install_tree, write_archive
from hallmark.base.disk import DiskIds, make_disk
from hallmark.common.containment import writing
from hallmark.common.files import remove_tree
from hallmark.common.fingerprint import fingerprint, hash_file
from hallmark.common.process import run
from hallmark.config.disk import PLAIN
from hallmark.config.settings import NamedBase
from hallmark.debian.inventory import stanzas
from hallmark.debian.pool import pool_path
from hallmark.order.places import Places

# Sources as real patch sets have them: services, libraries that all use, and those with triggers.
SOURCES = ("base-files", "ca-certificates", "curl", "openssh", "openssl", "sudo", "systemd", "tzdata")
_META = "linux-image-cloud-amd64"
_KERNEL = re.compile(r"linux-image-[0-9.]+\+\S+-cloud-amd64")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """A kernel's .deb, as the mirror has it."""

    name: str
    architecture: str
    to_version: str
    size: int
    sha256: str


def plan_behind(places: Places, work: Path, say: Say) -> BasePlan:
    """Build such a base below `work` and take it into the cache."""
    root = places.apt_root(SUITE)
    plan = plan_base(root, ask=False)
    root.download(plan.planned, places.pool, say)
    archive = work / "archive"
    write_archive(archive, plan.status, places.pool)
    tree = Tree(
        packages=PACKAGES,
        planned=plan.planned,
        status=plan.status,
        epoch=plan.epoch,
        ids=DiskIds.of(fingerprint("behind", {"base": plan.fingerprint})),
    )
    older = set_back(archive, plan, places, say)
    say(f"a base that is behind in {len(older)} packages: {', '.join(older)}")
    install_tree(tree, archive, work / "root.tar", architecture=root.architecture, log=work / "mmdebstrap.log")
    disk = work / "disk.qcow2"
    make_disk(work / "root.tar", disk, ids=tree.ids, layout=PLAIN, epoch=plan.epoch, work=work)
    (work / "root.tar").unlink()
    remove_tree(archive)
    return plan_named_base(NamedBase(disk=disk, sha512=hash_file(disk, algorithm="sha512")), places.cache)


def set_back(archive: Path, plan: BasePlan, places: Places, say: Say) -> list[str]:
    """Put older versions into an archive in place of the planned ones; their names."""
    records = {record_name(text): text for text in (archive / "Packages").read_text().strip("\n").split("\n\n")}
    planned = {p.name: p for p in plan.planned}
    edits = {p.name: lowered(p.to_version) for p in plan.planned if p.source in SOURCES}
    kernel = _older_kernel(places, planned[_META].to_version, say)
    if kernel is not None:
        name, deb = kernel
        records[name] = _take(archive, deb, name, {})
        edits[_META] = _swapped(records[_META], planned[_META].to_version, records[name])
    for name, edit in edits.items():
        records[name] = _take(archive, pool_path(places.pool, planned[name]), name, edit)
    (archive / "Packages").write_text("\n\n".join(text.strip("\n") for text in records.values()) + "\n")
    return sorted(edits)


def record_name(record: str) -> str:
    """The package that a record is of."""
    return next(stanzas(record))["Package"]


def lowered(version: str) -> dict[str, str]:
    """What to replace in a control file: the version, and that of its own source in what it says of other packages."""
    return {f"Version: {version}\n": f"Version: {version}~\n", f" {version})": f" {version}~)"}


def _swapped(meta: str, version: str, kernel: str) -> dict[str, str]:
    """Make the kernel's metapackage the one that came with an older kernel."""
    older = next(stanzas(kernel))
    return {
        f"Version: {version}\n": f"Version: {older['Version']}\n",
        next(stanzas(meta))["Depends"]: f"{older['Package']} (= {older['Version']})",
    }


def _older_kernel(places: Places, version: str, say: Say) -> tuple[str, Path] | None:
    """The newest kernel of the security suite that is older than a version, fetched; None when it has none."""
    root = places.apt_root()
    lists = "".join(path.read_text() for path in (root.shared / "lists").glob("*-security_main_*_Packages"))
    found = [fields for fields in stanzas(lists) if _KERNEL.fullmatch(fields["Package"])]
    older = [f for f in found if NativeVersion(f["Version"]) < NativeVersion(version)]
    if not older:
        return None
    chosen = max(older, key=lambda fields: NativeVersion(fields["Version"]))
    planned = Kernel(
        name=chosen["Package"],
        architecture=chosen["Architecture"],
        to_version=chosen["Version"],
        size=int(chosen["Size"]),
        sha256=chosen["SHA256"],
    )
    root.download([planned], places.pool, say)
    return planned.name, pool_path(places.pool, planned)


def _take(archive: Path, deb: Path, name: str, edits: Mapping[str, str]) -> str:
    """Put a .deb into an archive, its control file changed; its record."""
    tree, target = archive / "tree", archive / f"{name}.deb"
    run(["dpkg-deb", "--raw-extract", deb, tree], timeout=120, reach=writing(archive))
    control = tree / "DEBIAN" / "control"
    text = control.read_text()
    for old, new in edits.items():
        text = text.replace(old, new)
    control.write_text(text)
    run(["dpkg-deb", "-Znone", "--build", tree, target], timeout=120, reach=writing(archive))
    remove_tree(tree)
    size, sha256 = target.stat().st_size, hash_file(target)
    return f"{text.strip()}\nFilename: {target.name}\nSize: {size}\nSHA256: {sha256}\n"
