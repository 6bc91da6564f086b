"""What the Python checks share, as lib.sh is what the shell ones share. Runs in the guest: standard library alone.

A control's `check.py` has a function `check(context)`. It calls `context.finding` for whatever is not as it should be,
and returns what is to be said when there was nothing. run_checks.py runs them all in one interpreter.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DPKG = Path("/var/lib/dpkg")


class NotApplicable(Exception):  # noqa: N818 - it is a verdict
    """The control does not apply here; only for one whose control.toml has `may_not_apply`."""


@dataclass
class Context:
    """One control's run: its values, and what it has found."""

    environment: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    findings: int = 0

    @property
    def phase(self) -> str:
        """`build`, `acceptance`, `drift` or `test`."""
        return self.environment["HALLMARK_PHASE"]

    @property
    def plan(self) -> Path:
        """The folder of the compiled plan."""
        return Path(self.environment["HALLMARK_PLAN"])

    def text(self, name: str) -> str:
        """A parameter as it stands."""
        return self.environment[f"HM_{name.upper()}"]

    def words(self, name: str) -> list[str]:
        """A parameter that is a list."""
        return self.text(name).split()

    def number(self, name: str) -> int:
        """A parameter that is an integer."""
        return int(self.text(name))

    def holds(self, name: str) -> bool:
        """A parameter that is a boolean."""
        return self.text(name) == "yes"

    def rows(self) -> list[tuple[str, ...]]:
        """The control's table: the cells of each row, without its reason."""
        lines = Path(self.environment["HALLMARK_TABLE"]).read_text().splitlines()
        return [tuple(line.split("\t")[:-1]) for line in lines]

    def finding(self, text: str) -> None:
        """Something is not as it should be; the check goes on and fails at its end."""
        self.lines.append(f"FAIL {text}")
        self.findings += 1

    def note(self, text: str) -> None:
        """Evidence of what was seen."""
        self.lines.append(text)


def run(words: Sequence[str], timeout: float = 300) -> str:
    """What a program prints; CalledProcessError when it fails."""
    done = subprocess.run(words, capture_output=True, check=True, timeout=timeout, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace")


def read(path: Path) -> str:
    """A text file; empty when it is missing."""
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


# --- the kernel's command line --------------------------------------------------------------------------------------

_GRUB_SETTINGS = """
for file in /etc/default/grub /etc/default/grub.d/*.cfg; do
    [ ! -f "$file" ] || . "$file"
done
printf '%s %s\\n' "${GRUB_CMDLINE_LINUX-}" "${GRUB_CMDLINE_LINUX_DEFAULT-}"
"""


def check_boot_words(context: Context, *words: str) -> None:
    """Findings for each KEY=VALUE that the next boot does not tell the kernel; the last value of a key counts."""
    lines = {"GRUB's settings": run(["sh", "-c", _GRUB_SETTINGS])}
    if context.phase != "test":
        menu = [line.split() for line in read(Path("/boot/grub/grub.cfg")).splitlines()]
        entries = [" ".join(line[1:]) for line in menu if line and line[0] == "linux"]
        lines |= {f"/boot/grub/grub.cfg, entry {number}": text for number, text in enumerate(entries, 1)}
    for where, text in lines.items():
        told = {word.partition("=")[0]: word for word in text.split()}
        for word in words:
            got = told.get(word.partition("=")[0])
            if got != word:
                context.finding(f"{where}: expected {word} on the kernel's command line, got {got or 'nothing of it'}")


# --- the disk -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class File:
    """A regular file of the root file system."""

    path: str
    status: os.stat_result


@functools.cache
def files_of_root() -> tuple[File, ...]:
    """Every regular file of the root file system, and of no other; walked once for all checks."""
    return tuple(_walk("/", os.lstat("/").st_dev))


def _walk(folder: str, device: int) -> Iterator[File]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # it is gone by now
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            if not os.path.ismount(entry.path):
                yield from _walk(entry.path, device)
        elif stat.S_ISREG(status.st_mode):
            yield File(entry.path, status)


# --- packages -------------------------------------------------------------------------------------------------------

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def merged(path: str) -> str:
    """A path as it is since /bin and its like are links into /usr; dpkg's lists have both forms."""
    return f"/usr{path}" if path.split("/", 2)[1] in _MERGED else path


@functools.cache
def package_files() -> frozenset[str]:
    """Every path that a package owns, by dpkg's own lists and diversions."""
    paths = {merged(line) for listing in (DPKG / "info").glob("*.list") for line in read(listing).splitlines() if line}
    diversions = read(DPKG / "diversions").splitlines()
    return frozenset(paths | {merged(line) for line in diversions[1::3]})


@functools.cache
def _sums() -> Mapping[str, frozenset[str]]:
    """Path → the MD5 sums that packages give for it, shipped files and conffiles alike."""
    sums: dict[str, set[str]] = {}
    for listing in (DPKG / "info").glob("*.md5sums"):
        for line in read(listing).splitlines():
            digest, _, name = line.partition("  ")
            sums.setdefault(merged(f"/{name}"), set()).add(digest)
    for line in read(DPKG / "status").splitlines():
        if line.startswith(" /"):
            name, digest, *_ = line.split()
            sums.setdefault(merged(name), set()).add(digest)
    return {path: frozenset(digests) for path, digests in sums.items()}


def as_packaged(path: str) -> bool:
    """Whether a file has the bytes that its package shipped."""
    digests = _sums().get(path)
    if not digests:
        return False
    return hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest() in digests
