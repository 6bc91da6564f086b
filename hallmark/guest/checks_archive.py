"""The checks of an image as one file of its evidence: so its machines can be looked at with them for good."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from hallmark.common.errors import StoreError
from hallmark.common.files import write_atomic
from hallmark.common.fingerprint import hash_bytes
from hallmark.order.order import Order, script_paths

CHECKS = "checks.tar"
"""The file of an image's evidence."""
_FOLDER = "image_scripts/"


def make_archive(files: Mapping[str, bytes]) -> bytes:
    """A plain tar of `files`: the same bytes for the same files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o644
            archive.addfile(member, io.BytesIO(files[name]))
    return stream.getvalue()


def keep_checks(order: Order, evidence: Path) -> None:
    """Keep an image's checks in its evidence, if the checkout still has them as they were ordered."""
    files = _checkout_files(order, order.scripts)
    if _as_ordered(order, files):
        write_atomic(evidence / CHECKS, make_archive(files))


def load_checks(order: Order, evidence: Path, checkout: Path) -> tuple[dict[str, bytes], bool]:
    """Name below `image_scripts/` and the bytes of each check; and whether they are those that released the image.

    They come from its evidence; where that has none, from `checkout`, the folder of scripts. StoreError when the
    checkout lacks one of the image's controls.
    """
    kept = evidence / CHECKS
    if kept.is_file():
        files = _read_archive(kept)
        if _as_ordered(order, files):
            return files, True
        raise StoreError(f"{kept}: expected the checks that released the image, got others; restore or remove the file")
    files = _checkout_files(order, checkout)
    return files, _as_ordered(order, files)


def _checkout_files(order: Order, scripts: Path) -> dict[str, bytes]:
    controls = tuple(row.id for row in order.plan)
    for control in controls:
        if not (scripts / "controls" / control).is_dir():
            raise StoreError(
                f"{scripts}/controls: expected the image's control {control}, found none; "
                "check out the commit that the image was built from"
            )
    paths = script_paths(scripts, order.acceptance_entries, controls, ("check",))
    return {name: path.read_bytes() for name, path in paths.items()}


def _as_ordered(order: Order, files: Mapping[str, bytes]) -> bool:
    wanted = {name: digest for name, digest in order.acceptance_hashes.items() if name.startswith(_FOLDER)}
    return wanted == {name: hash_bytes(data) for name, data in files.items()}


def _read_archive(path: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(path, mode="r:") as archive:
            streams = ((member.name, archive.extractfile(member)) for member in archive.getmembers())
            return {name: stream.read() for name, stream in streams if stream is not None}
    except (OSError, tarfile.TarError) as problem:
        raise StoreError(f"{path}: expected a tar of checks: {problem}") from problem
