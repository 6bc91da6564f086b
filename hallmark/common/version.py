"""Which Hallmark this is: its version and, of a checkout with git, the commit and whether files differ from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hallmark import __version__
from hallmark.common.checkout import ROOT
from hallmark.common.errors import HallmarkError
from hallmark.common.process import run

_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramVersion:
    """`commit` is 40 hexadecimal digits, `modified` whether any file differs from it; None where git cannot tell."""

    version: str
    commit: str | None = None
    modified: bool | None = None

    def __str__(self) -> str:
        if self.commit is None:
            return f"{self.version} (of no known commit)"
        return f"{self.version} (commit {self.commit}{', modified' if self.modified else ''})"


def read_version(root: Path = ROOT) -> ProgramVersion:
    """The version of the checkout `root`. A copy without git, or a machine without git, is no error."""
    # Without this look git would find a repository that the copy merely lies in.
    if not (root / ".git").exists():
        return ProgramVersion(version=__version__)
    try:
        commit = _git(root, "rev-parse", "--verify", "HEAD").strip()
        modified = bool(_git(root, "status", "--porcelain").strip())
    except HallmarkError:
        return ProgramVersion(version=__version__)
    return ProgramVersion(version=__version__, commit=commit, modified=modified)


def _git(root: Path, *words: str) -> str:
    # The checkout may be another user's: root builds in it too. Its code runs anyway.
    asked: list[str | Path] = ["git", "-c", f"safe.directory={root.resolve()}", "-C", root, *words]
    return run(asked, timeout=_SECONDS, env={"GIT_OPTIONAL_LOCKS": "0"}).stdout
