"""A Pulumi state that is kept in a folder: its URL, such that a killed engine cannot break it, and what one leaves.

Pulumi writes a state to a new file that takes the old one's place at once, but by default it writes a note of each
file's checksum beside it, in place. An engine that is killed between these two leaves an empty note, and no run reads
that state again ("failed to load checkpoint: EOF"). Nothing needs the notes; `metadata=skip` leaves them out.
"""

from __future__ import annotations

import glob
from pathlib import Path
from urllib.parse import parse_qs

_SCHEME = "file://"
_WITHOUT_NOTES = "metadata=skip"


def backend_in(folder: Path) -> str:
    """The backend's URL for a state in this folder (absolute), as `env` sets it too."""
    return f"{_SCHEME}{folder}?{_WITHOUT_NOTES}"


def without_notes(url: str) -> str:
    """A backend's URL as given, but with no notes beside its files when these are on this machine."""
    if not url.startswith(_SCHEME):
        return url
    path, _, query = url.partition("?")
    if "metadata" in parse_qs(query):
        return url
    return f"{path}?{'&'.join(filter(None, [query, _WITHOUT_NOTES]))}"


def remove_unfinished(url: str, project: str, stack: str) -> None:
    """Remove what a killed engine had begun to write of a stack, when its state is on this machine.

    For who knows that no engine has the stack.
    """
    if url.startswith(_SCHEME):
        stacks = Path(url.removeprefix(_SCHEME).partition("?")[0], ".pulumi", "stacks", project)
        for path in stacks.glob(f"{glob.escape(stack)}.json.*.tmp"):
            path.unlink(missing_ok=True)
