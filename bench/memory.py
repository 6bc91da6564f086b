"""How much memory a process and all its descendants take together: the sum of their proportional set sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_GUEST = "qemu-system-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Peak:
    """Memory at one moment: in all, and by program, the largest first; and whether a guest's machine was running."""

    mib: float
    parts: Mapping[str, float]
    guest: bool = False

    def __str__(self) -> str:
        return ", ".join(f"{name} {mib:.0f}" for name, mib in self.parts.items() if mib >= 1)


def sample(root: int, *, proc: Path = Path("/proc")) -> Peak:
    """The memory of `root` and its descendants now, the guests' machines left out."""
    sizes: dict[str, float] = {}
    guest = False
    for pid in descendants(root, proc):
        try:
            name = _name(proc / str(pid))
            if name.startswith(_GUEST):
                guest = True
                continue
            sizes[name] = sizes.get(name, 0.0) + parse_pss((proc / str(pid) / "smaps_rollup").read_text())
        except OSError:
            continue  # it has ended meanwhile
    ordered = dict(sorted(sizes.items(), key=lambda item: -item[1]))
    return Peak(mib=sum(ordered.values()), parts=ordered, guest=guest)


def descendants(root: int, proc: Path = Path("/proc")) -> list[int]:
    """`root` and all processes below it."""
    children: dict[int, list[int]] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def parse_pss(rollup: str) -> float:
    """MiB of proportional set size in a `smaps_rollup`; 0 for a process without memory of its own."""
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _name(folder: Path) -> str:
    """A short name: the program's, or for Python the module or script that it runs."""
    words = [word for word in (folder / "cmdline").read_text().split("\0") if word]
    names = [Path(word).name for word in words]
    if names and names[0].startswith("python"):
        return next((name for name in names[1:] if not name.startswith("-")), names[0])
    return names[0] if names else "?"
