"""Identity is content: each step of the pipeline is named by the SHA-256 of all its inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NewType

Sha256 = NewType("Sha256", str)
"""64 lower-case hexadecimal digits."""

_CHUNK = 1 << 20


def fingerprint(kind: str, inputs: Mapping[str, Any], *, version: int = 1) -> Sha256:
    """The identity of one step: SHA-256 of its kind, the format's version and its JSON-serialisable inputs."""
    canonical = json.dumps(
        {"kind": kind, "v": version, "inputs": inputs}, sort_keys=True, separators=(",", ":"), ensure_ascii=True
    )
    return Sha256(hashlib.sha256(canonical.encode()).hexdigest())


def hash_bytes(data: bytes) -> Sha256:
    """SHA-256 of some bytes."""
    return Sha256(hashlib.sha256(data).hexdigest())


def hash_file(path: Path, *, algorithm: str = "sha256") -> Sha256:
    """Hash of a file's bytes, read in pieces; OSError when it cannot be read."""
    with path.open("rb") as stream:
        return Sha256(hashlib.file_digest(stream, algorithm).hexdigest())


def hash_tree(root: Path, *, paths: Iterable[Path] | None = None) -> Sha256:
    """Hash of the files below `root` (or just of `paths`): their relative names, executable bits and bytes."""
    chosen = sorted(paths if paths is not None else (p for p in root.rglob("*") if p.is_file()))
    entries = [
        [path.relative_to(root).as_posix(), bool(path.stat().st_mode & 0o100), hash_file(path)] for path in chosen
    ]
    return fingerprint("tree", {"files": entries})
