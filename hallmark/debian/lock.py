"""The patch lock as a value and as a file: which packages, from which suites, and the CVEs that they close."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hallmark.common.errors import LockError
from hallmark.common.files import write_atomic
from hallmark.common.fingerprint import Sha256, fingerprint
from hallmark.common.validation import DebianName

FORMAT: Literal[1] = 1

Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+~:-]+$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Filename = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9+._~-]*\.deb$")]
Suite = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9./-]*$")]
Words = Annotated[str, StringConstraints(pattern=r"^[ -~]*$")]
Cve = Annotated[str, StringConstraints(pattern=r"^CVE-[0-9]{4}-[0-9]{4,}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LockedSuite(_Strict):
    """The signed index of one suite that the lock was made from: evidence, no part of the identity."""

    suite: Suite
    sha256: Digest
    date: Words
    valid_until: Words | None


class LockedPackage(_Strict):
    """One package of the lock; `from_version` is None when it is new, `cves` are those closed since then."""

    name: DebianName
    architecture: DebianName
    source: DebianName
    from_version: Version | None
    to_version: Version
    suite: Suite
    size: int = Field(ge=0)
    sha256: Digest
    filename: Filename
    cves: tuple[Cve, ...] = ()

    @property
    def label(self) -> str:
        """Name and version, for messages."""
        return f"{self.name} {self.to_version}"


class PatchLock(_Strict):
    """All that is installed or upgraded in a base, and the state of the mirror that it comes from."""

    version: Literal[1] = FORMAT
    suites: tuple[LockedSuite, ...]
    packages: tuple[LockedPackage, ...]

    @property  # not cached: model_copy would copy it
    def fingerprint(self) -> Sha256:
        """The identity: the packages, but not the dates of the suites."""
        return fingerprint("lock", {"packages": [p.model_dump(mode="json") for p in self.packages]}, version=FORMAT)

    @property
    def size(self) -> int:
        """Bytes of all .debs."""
        return sum(package.size for package in self.packages)

    @property
    def cves(self) -> tuple[str, ...]:
        """All CVEs that the lock closes, each once."""
        return tuple(sorted({cve for package in self.packages for cve in package.cves}))

    @property
    def totals(self) -> str:
        """How many packages it has, and how many CVEs these close."""
        return f"{len(self.packages)} packages, {len(self.cves)} CVEs"

    def summary(self, *, cves: int | None = 8) -> list[str]:
        """A line for each package; at most so many CVEs in one line, and the number of the rest (None: all of them)."""
        return [_line(package, cves) for package in self.packages]

    def to_json(self) -> str:
        """The lock file's text; the same lock always gives the same text."""
        return self.model_dump_json(indent=2) + "\n"


def load_lock(path: Path) -> PatchLock:
    """A lock file; LockError, with the path in the file, when it is missing or wrong."""
    try:
        lock = PatchLock.model_validate_json(path.read_bytes())
    except OSError as error:
        raise LockError(f"{path}: cannot read the patch lock: {error.strerror}; correct hallmark:patches") from error
    except ValidationError as error:
        raise LockError(
            f"{path}: {_first(error)}; mend the file, or make a new one with hallmark:patches latest"
        ) from error
    seen: set[str] = set()
    for index, package in enumerate(lock.packages):
        if package.name in seen:
            raise LockError(f"{path}: packages[{index}].name: expected each package once, got {package.name} again")
        seen.add(package.name)
    return lock


def write_lock(lock: PatchLock, path: Path) -> None:
    """Write a lock file, whole or not at all."""
    write_atomic(path, lock.to_json().encode())


def _line(package: LockedPackage, limit: int | None) -> str:
    shown = package.cves if limit is None else package.cves[:limit]
    more = len(package.cves) - len(shown)
    words = [f"{package.name} {package.from_version or '(new)'} → {package.to_version} ({package.suite})", *shown]
    return " ".join([*words, *([f"and {more} more CVEs"] if more else [])])


def _first(error: ValidationError) -> str:
    """The first mistake of a file, with its path in it: `packages[3].sha256: expected …, got …`."""
    mistake = error.errors(include_url=False)[0]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in mistake["loc"]).lstrip(".")
    return f"{path}: {mistake['msg']}, got {mistake['input']!r:.80}" if path else mistake["msg"]
