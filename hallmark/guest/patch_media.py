"""The media of a build and of an acceptance: made of an order's files, and only of the bytes that were ordered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from hallmark.common.cache import keep_newest
from hallmark.common.errors import MediaError
from hallmark.common.files import write_atomic
from hallmark.common.fingerprint import Sha256, hash_file
from hallmark.common.iso import make_media
from hallmark.debian import resolve as patches
from hallmark.order.order import BUILD_SCRIPTS, CHANGED, Order, judges_files, script_paths
from hallmark.order.places import Places

Say = Callable[[str], None]
_EPOCH = 946684800
_MEDIA_KEPT = 12


def make_patch_media(order: Order, places: Places, say: Say) -> tuple[Path, Sha256]:
    """The patch media of an order and the hash of their manifest: made, or found in the cache as they were made."""
    folder = places.cache / "media" / order.build_manifest[:16]
    iso, record = folder / "patch.iso", folder / "media.json"
    if _is_as_made(iso, record):
        return iso, order.build_manifest
    say(f"media: {len(order.lock.packages)} packages, {len(order.plan)} controls")
    patches.fetch(order.lock, places.apt_root(), places.pool, say)
    debs = patches.debs(order.lock, places.pool)
    files: dict[str, Path | bytes] = {
        **script_paths(order.scripts, BUILD_SCRIPTS, tuple(r.id for r in order.plan), ("apply", "check")),
        **{name: text.encode() for name, text in order.plan_files.items()},
        **{f"debs/{name}": path for name, path in debs.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    make_ordered_media(iso, files, order.build_manifest)
    write_atomic(record, json.dumps({"iso": hash_file(iso)}).encode())
    keep_newest(folder.parent, _MEDIA_KEPT)
    return iso, order.build_manifest


def make_acceptance_media(order: Order, work: Path) -> Path:
    """The acceptance's own media, in `work`: checks, plan, tests and judges. MediaError when one has changed."""
    media = work / "acceptance.iso"
    files: dict[str, Path | bytes] = {
        **script_paths(order.scripts, order.acceptance_entries, tuple(r.id for r in order.plan), ("check",)),
        **{name: text.encode() for name, text in order.plan_files.items()},
        **{f"acceptance/{name}": path for name, path in order.acceptance_scripts.items()},
        **judges_files(order.judges, order.tools),
    }
    make_ordered_media(media, files, order.acceptance_manifest)
    return media


def make_ordered_media(iso: Path, files: Mapping[str, Path | bytes], manifest: Sha256) -> None:
    """Make media whose MANIFEST has this hash; MediaError when a file is no longer the one that was ordered."""
    if make_media(iso, files, label="HALLMARK", epoch=_EPOCH) != manifest:
        iso.unlink()
        raise MediaError(f"media: image_scripts/, the recipe's scripts or a package {CHANGED}")


def _is_as_made(iso: Path, record: Path) -> bool:
    """Whether media made before still have the bytes that were made."""
    try:
        return bool(hash_file(iso) == json.loads(record.read_text())["iso"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
