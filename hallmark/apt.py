"""apt with a private root: resolves and downloads for the base, on the host, without the host's own configuration.

Everything below /etc/apt is left unread (`APT_CONFIG` and `Dir::*` point into the cache); only the proxies that the
machine needs are carried over. apt itself verifies the archive's signatures, dates and hashes. One lock (flock) a mirror
makes concurrent runs wait for each other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from hallmark import apt_config, apt_output
from hallmark.errors import LockError, MirrorError
from hallmark.files import need_room
from hallmark.fingerprint import Sha256, fingerprint, hash_bytes, hash_file
from hallmark.inventory import source_of, stanzas
from hallmark.locks import held
from hallmark.mirror import Mirror
from hallmark.process import Completed, run
from hallmark.watch import Progress, watched

TRIXIE = ("trixie", "trixie-updates", "trixie-security")
_UPDATE_TIMEOUT = 600
_RESOLVE_TIMEOUT = 300
_DOWNLOAD_TIMEOUT = 3600
_SPARE_ROOM = 64 << 20
_PACKAGE_NAME = re.compile(r"^(\?essential|[a-z0-9][a-z0-9+.-]+)$")


class Downloadable(Protocol):
    """What identifies one .deb of the mirror: a planned or a locked package."""

    @property
    def name(self) -> str: ...
    @property
    def architecture(self) -> str: ...
    @property
    def to_version(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """One package that a resolution installs or upgrades; `uri_path` is relative to the suite's archive."""

    name: str
    architecture: str
    from_version: str | None
    to_version: str
    suite: str
    size: int
    sha256: Sha256
    uri_path: str
    filename: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """The signed index of one suite, as verified by apt: its hash, date and end of validity (as it writes them)."""

    suite: str
    sha256: Sha256
    date: str
    valid_until: str | None


class PrivateRoot:
    """A root for apt under the cache, for one mirror, some of its suites and one architecture."""

    def __init__(
        self, cache: Path, mirror: Mirror, suites: Sequence[str] = TRIXIE, architecture: str = "amd64"
    ) -> None:
        """Nothing is written before the first use; lists are shared by all roots of the same mirror."""
        self.mirror = mirror
        self.suites = tuple(suites)
        self.architecture = architecture
        self._cache = cache.absolute()
        self._nested = False

    @cached_property
    def shared(self) -> Path:
        """The directory of this mirror (and its keys) under the cache."""
        identity = {
            "main": self.mirror.main,
            "security": self.mirror.security,
            "architecture": self.architecture,
            "keyrings": [hash_file(path) for path in self.mirror.keyrings],
        }
        return self._cache / "apt" / fingerprint("apt-root", identity)[:16]

    @property
    def home(self) -> Path:
        """The directory of these suites: apt's configuration, binary caches, and the locks made from it."""
        return self.shared / "+".join(self.suites)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from using this mirror's root meanwhile; may be nested in one thread."""
        if self._nested:
            yield
            return
        self.shared.mkdir(parents=True, exist_ok=True)
        with held(self.shared / "lock"):
            apt_config.write_root(self.home, self.shared, self.mirror, self.suites, self.architecture)
            self._nested = True
            try:
                yield
            finally:
                self._nested = False

    def update(self) -> Sha256:
        """Ask the mirror for its signed indexes and return the fingerprint over them; cheap when they are unchanged.

        MirrorError when it is unreachable, or when what it serves is unsigned, wrongly signed, expired or tampered with.
        """
        with self.locked():
            done = self._apt("update", options=("pkgCacheFile::Generate=false",), timeout=_UPDATE_TIMEOUT)
            problem = apt_output.update_problem(done, self.mirror)
            if problem is not None:
                apt_config.sweep_partial(self.shared)
                raise MirrorError(problem)
            return fingerprint("releases", {release.suite: release.sha256 for release in self.releases()})

    def releases(self) -> tuple[Release, ...]:
        """The suites' signed indexes as of the last update."""
        return tuple(self._release(suite) for suite in self.suites)

    def simulate_install(self, status_text: str, packages: Sequence[str], *, upgrade: bool) -> tuple[Planned, ...]:
        """What apt would install on a system with this dpkg status: packages with all they need, and all upgrades.

        Without recommends; sorted by name. LockError for an unknown package, for needs that cannot be met, and when
        something of the base would be removed or kept back.
        """
        for name in packages:
            if not _PACKAGE_NAME.match(name):
                raise LockError(f"packages: expected the name of a Debian package, got {name!r}")
        with self.locked():
            (self.home / "status").write_text(status_text)
            done = self._apt(
                "dist-upgrade" if upgrade else "install", "--", *packages, options=("APT::Get::Simulate=1",)
            )
            if done.returncode != 0:
                raise LockError(apt_output.resolve_problem(done, self.mirror, self.suites))
            steps = apt_output.parse_simulation(done.stdout)
            return self._planned(steps)

    def status_text(self, planned: Sequence[Planned]) -> str:
        """A dpkg status in which just these packages are installed: what a base will be, before it is built."""
        records = self.records([(p.name, p.to_version) for p in planned])
        texts = [records[p.name, p.to_version].text for p in sorted(planned, key=lambda p: p.name)]
        return "\n\n".join(text.replace("\n", "\nStatus: install ok installed\n", 1) for text in texts) + "\n"

    def records(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], apt_output.Record]:
        """The mirror's records of (name, version); what it does not have is left out."""
        if not wanted:
            return {}
        with self.locked():
            shown = self._run("apt-cache", "show", "--", *(f"{name}={version}" for name, version in wanted))
            listed = self._run("apt-cache", "madison", "--", *(name for name, _ in wanted))
        return apt_output.parse_records(shown.stdout, apt_output.parse_madison(listed.stdout), self.suites)

    def download(
        self, planned: Sequence[Downloadable], pool: Path, progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Bring the .debs into the pool (`POOL/SHA256.deb`): verified, each moved into place when whole.

        What is there already is kept; a broken-off download is taken up again.
        MirrorError when the mirror cannot be reached, lacks one, or serves one with other bytes than its index says.
        """
        pool.mkdir(parents=True, exist_ok=True)
        with self.locked(), held(pool / ".lock"):
            missing = [deb for deb in planned if not in_pool(pool, deb)]
            if not missing:
                return
            need_room(pool, sum(deb.size for deb in missing) + _SPARE_ROOM, MirrorError)
            staging = pool / ".partial"
            staging.mkdir(exist_ok=True)
            with watched(staging, planned, missing, progress):
                done = self._run(
                    "apt-get", "-q", "download", "--", *(f"{d.name}={d.to_version}" for d in missing),
                    cwd=staging, timeout=_DOWNLOAD_TIMEOUT,
                )  # fmt: skip
            wrong = [deb for deb in missing if not _adopt(staging, pool, deb)]
            if wrong or done.returncode != 0:
                raise MirrorError(apt_output.download_problem(done, [w.name for w in wrong], self.mirror))

    def _planned(self, steps: Sequence[apt_output.Step]) -> tuple[Planned, ...]:
        records = self.records([(step.name, step.to_version) for step in steps])
        found = (self._plan(step, records) for step in steps)
        return tuple(sorted(found, key=lambda planned: (planned.name, planned.architecture)))

    def _plan(self, step: apt_output.Step, records: dict[tuple[str, str], apt_output.Record]) -> Planned:
        record = records.get((step.name, step.to_version))
        if record is None:
            raise LockError(
                f"{step.name} {step.to_version}: apt plans to install it, but its index has no record of it"
            )
        fields = next(stanzas(record.text))
        return Planned(
            name=step.name,
            architecture=fields["Architecture"],
            from_version=step.from_version,
            to_version=step.to_version,
            suite=record.suite,
            size=int(fields["Size"]),
            sha256=Sha256(fields["SHA256"]),
            uri_path=fields["Filename"],
            filename=Path(fields["Filename"]).name,
            source=source_of(fields)[0],
        )

    def _release(self, suite: str) -> Release:
        found = [
            p for kind in ("InRelease", "Release") for p in (self.shared / "lists").glob(f"*_dists_{suite}_{kind}")
        ]
        if not found:
            raise MirrorError(
                f"{self.mirror.archive_of(suite)}: suite {suite}: no signed index was obtained; run again"
            )
        content = found[0].read_bytes()
        fields = next(stanzas(content.decode(errors="replace").split("\n\n", 1)[-1]), {})
        if fields.get("Codename") != suite:
            raise MirrorError(
                f"{self.mirror.archive_of(suite)}: suite {suite}: expected an index for {suite}, "
                f"got one for {fields.get('Codename')}; the mirror is broken or lies: use another one"
            )
        return Release(
            suite=suite,
            sha256=hash_bytes(content),
            date=fields.get("Date", ""),
            valid_until=fields.get("Valid-Until"),
        )

    def _apt(self, *args: str, options: Sequence[str] = (), timeout: float = _RESOLVE_TIMEOUT) -> Completed:
        return self._run("apt-get", "-q", *(w for o in options for w in ("-o", o)), *args, timeout=timeout)

    def _run(self, *args: str, cwd: Path | None = None, timeout: float = _RESOLVE_TIMEOUT) -> Completed:
        env = {"APT_CONFIG": str(self.home / "apt.conf")}
        return run(args, timeout=timeout, env=env, cwd=cwd, check=False)


def pool_path(pool: Path, deb: Downloadable) -> Path:
    """Where a .deb is kept: by its hash, so that mirrors and versions never collide."""
    return pool / f"{deb.sha256}.deb"


def in_pool(pool: Path, deb: Downloadable) -> bool:
    """Whether the pool has a .deb with just these bytes."""
    path = pool_path(pool, deb)
    return path.is_file() and path.stat().st_size == deb.size and hash_file(path) == deb.sha256


def staged_name(deb: Downloadable) -> str:
    """The name that apt gives a downloaded .deb."""
    return f"{deb.name}_{deb.to_version.replace(':', '%3a')}_{deb.architecture}.deb"


def _adopt(staging: Path, pool: Path, deb: Downloadable) -> bool:
    """Move one downloaded .deb into the pool if it is what it must be; else remove it."""
    path = staging / staged_name(deb)
    if not path.is_file():
        return False
    if path.stat().st_size != deb.size or hash_file(path) != deb.sha256:
        path.unlink()
        return False
    os.replace(path, pool_path(pool, deb))
    return True
