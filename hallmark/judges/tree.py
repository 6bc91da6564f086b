"""One tar of what some packages hold: the same bytes for the same packages, made once and kept in the cache."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from hallmark.common.cache import keep_newest, recall
from hallmark.common.errors import LockError
from hallmark.common.files import write_atomic
from hallmark.common.fingerprint import Sha256, fingerprint, hash_file
from hallmark.common.locks import held
from hallmark.debian.changelog import deb_contents

_KEPT = 6
_FORMAT = 1
# What no judge reads: documentation, other languages, what other systems are judged by, checks of the guide itself.
_LEFT_OUT = (
    "usr/share/doc/",
    "usr/share/man/",
    "usr/share/locale/",
    "usr/share/lintian/",
    "usr/lib/x86_64-linux-gnu/gconv/",
    "usr/share/openscap/schemas/oval/",
    "usr/share/xml/scap/ssg/content/",
)
_KEPT_OF_THEM = ("usr/share/xml/scap/ssg/content/ssg-debian13-ds.xml",)


def make_tree(debs: Sequence[Path], cache: Path) -> tuple[Path, Sha256]:
    """The tar of these .debs, named by their hashes, and its SHA-256. LockError for a file that is no .deb."""
    inputs = {"debs": [path.stem for path in debs], "left out": _LEFT_OUT, "kept": _KEPT_OF_THEM}
    folder = cache / "judges" / fingerprint("judges", inputs, version=_FORMAT)[:16]
    tree, record = folder / "tools.tar", folder / "tree.json"
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / "lock"):
        known = recall(record, _read_hash)
        if known is not None and tree.is_file() and hash_file(tree) == known:
            return tree, known
        half = folder / "half-made"
        with tarfile.open(half, mode="w", format=tarfile.GNU_FORMAT) as archive:
            seen: set[str] = set()
            for deb in debs:
                _add(archive, deb, seen)
        digest = hash_file(half)
        half.replace(tree)
        write_atomic(record, json.dumps({"tree": digest}).encode())
    keep_newest(folder.parent, _KEPT)
    return tree, digest


def _add(archive: tarfile.TarFile, deb: Path, seen: set[str]) -> None:
    try:
        with deb_contents(deb) as stream, tarfile.open(fileobj=stream, mode="r|") as source:
            for member in source:
                name = member.name.removeprefix("./")
                if name in seen or not _is_wanted(name):
                    continue
                seen.add(name)
                archive.addfile(_plain(member, name), source.extractfile(member) if member.isreg() else None)
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise LockError(f"{deb}: expected a Debian package: {problem}; remove it and run again") from problem


def _is_wanted(name: str) -> bool:
    return name in _KEPT_OF_THEM or not (name in ("", ".") or f"{name}/".startswith(_LEFT_OUT))


def _plain(member: tarfile.TarInfo, name: str) -> tarfile.TarInfo:
    """The member as everybody's tar has it: root's, of no date, neither setuid nor writable by others."""
    plain = tarfile.TarInfo(name)
    plain.type, plain.size, plain.mode = member.type, member.size, member.mode & 0o755
    plain.linkname = member.linkname.removeprefix("./") if member.islnk() else member.linkname
    return plain


def _read_hash(path: Path) -> Sha256:
    return Sha256(json.loads(path.read_bytes())["tree"])
