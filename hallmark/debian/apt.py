"""apt with a private root: resolves and downloads for the base, on the host, without the host's own configuration.

Everything below /etc/apt is left unread (`APT_CONFIG` and `Dir::*` point into the cache); only the proxies that the
machine needs are carried over. apt itself verifies the archive's signatures, dates and hashes. One lock (flock) a
mirror makes concurrent runs wait for each other.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from hallmark.common.cache import recall, remember
from hallmark.common.containment import writing
from hallmark.common.errors import LockError, MirrorError, OtherReleaseError, ProcessError
from hallmark.common.files import need_room, remove_tree
from hallmark.common.fingerprint import Sha256, fingerprint, hash_bytes, hash_file
from hallmark.common.locks import held
from hallmark.common.process import Completed, run
from hallmark.debian import apt_config, apt_output
from hallmark.debian.inventory import source_of, stanzas
from hallmark.debian.mirror import Mirror
from hallmark.debian.pool import Downloadable, adopt, in_pool, sweep
from hallmark.debian.watch import watched

TRIXIE = ("trixie", "trixie-updates", "trixie-security")
_UPDATE_TIMEOUT = 600
_RESOLVE_TIMEOUT = 300
_DOWNLOAD_TIMEOUT = 3600
_SPARE_ROOM = 64 << 20
_PACKAGE_NAME = re.compile(r"^(\?essential|[a-z0-9][a-z0-9+.-]+)$")


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
        self,
        cache: Path,
        mirror: Mirror,
        suites: Sequence[str] = TRIXIE,
        architecture: str = "amd64",
        *,
        past: bool = False,
    ) -> None:
        """Nothing is written before the first use; lists are shared by all roots of the same mirror.

        With `past` expired indexes are accepted: for a pinned lock and a mirror of the archive's earlier states.
        """
        self.mirror = mirror
        self.suites = tuple(suites)
        self.architecture = architecture
        self._cache = cache.absolute()
        self._past = past
        self._turn = threading.RLock()
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
        return self.shared / ("+".join(self.suites) + ("@past" if self._past else ""))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes and threads from using this mirror's root meanwhile; may be nested."""
        with self._turn:
            if self._nested:
                yield
                return
            self.shared.mkdir(parents=True, exist_ok=True)
            with held(self.shared / "lock"):
                apt_config.write_root(
                    self.home, self.shared, self.mirror, self.suites, architecture=self.architecture, past=self._past
                )
                self._nested = True
                try:
                    yield
                finally:
                    self._nested = False

    def update(self) -> Sha256:
        """Ask the mirror for its signed indexes and return the fingerprint over them; cheap when they are unchanged.

        MirrorError when it is unreachable; when what it serves is unsigned, wrongly signed, expired or tampered with.
        """
        with self.locked():
            words = ["apt-get", "-q", "-o", "pkgCacheFile::Generate=false", "update"]
            done = self._bare(words, timeout=_UPDATE_TIMEOUT, network=True)
            problem = apt_output.update_problem(done, self.mirror)
            if problem is not None:
                apt_config.sweep_lists(self.shared, all_of_them=isinstance(problem, OtherReleaseError))
                raise problem
            return self.fingerprint()

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
            inputs = {"releases": self.fingerprint(), "status": hash_bytes(status_text.encode())}
            asked = {"packages": list(packages), "upgrade": upgrade}
            known = self.home / "plans" / f"{fingerprint('plan', inputs | asked)}.json"
            planned = recall(known, _read_planned)
            if planned is None:
                planned = self._simulate(status_text, packages, upgrade=upgrade)
                remember(known, json.dumps([asdict(row) for row in planned]))
            return planned

    def status_text(self, planned: Sequence[Planned]) -> str:
        """A dpkg status in which just these packages are installed: what a base will be, before it is built."""
        inputs = {"releases": self.fingerprint(), "planned": [[p.name, p.to_version, p.sha256] for p in planned]}
        known = self.home / "statuses" / f"{fingerprint('status', inputs)}.json"
        text = recall(known, _read_text)
        if text is None:
            records = self.records([(p.name, p.to_version) for p in planned])
            texts = [records[p.name, p.to_version].text for p in sorted(planned, key=lambda p: p.name)]
            text = "\n\n".join(each.replace("\n", "\nStatus: install ok installed\n", 1) for each in texts) + "\n"
            remember(known, json.dumps(text))
        return text

    def records(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], apt_output.Record]:
        """The mirror's records of (name, version); what it does not have is left out."""
        if not wanted:
            return {}
        with self.locked():
            shown = self._run("apt-cache", "show", "--", *(f"{name}={version}" for name, version in wanted))
            listed = self._run("apt-cache", "madison", "--", *(name for name, _ in wanted))
        return apt_output.parse_records(shown.stdout, apt_output.parse_madison(listed.stdout), self.suites)

    def available(self, wanted: Sequence[tuple[str, str]]) -> tuple[Planned, ...]:
        """Those of (name, version) that the mirror has, the smallest first; from_version is None."""
        records = self.records(wanted)
        steps = [apt_output.Step(name=name, from_version=None, to_version=version) for name, version in records]
        return tuple(sorted((self._plan(step, records) for step in steps), key=lambda planned: planned.size))

    def download(self, planned: Sequence[Downloadable], pool: Path, say: Callable[[str], None]) -> None:
        """Bring the .debs into the pool (`POOL/SHA256.deb`): verified, each moved into place when whole.

        What is there already is kept; a broken-off download is taken up again. `say` is told how far it has come.
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
            with watched(staging, planned, missing, say):
                done = self._run(
                    "apt-get", "-q", "download", "--", *(f"{d.name}={d.to_version}" for d in missing),
                    cwd=staging, timeout=_DOWNLOAD_TIMEOUT, network=True,
                )  # fmt: skip
            wrong = [deb for deb in missing if not adopt(staging, pool, deb)]
            sweep(staging, finished=not wrong)
            if wrong or done.returncode != 0:
                raise MirrorError(apt_output.download_problem(done, [w.name for w in wrong], self.mirror))

    def fingerprint(self) -> Sha256:
        """The fingerprint over the signed indexes as of the last update."""
        return fingerprint("releases", {release.suite: release.sha256 for release in self.releases()})

    def _simulate(self, status_text: str, packages: Sequence[str], *, upgrade: bool) -> tuple[Planned, ...]:
        status = self._workspace() / f"status-{hash_bytes(status_text.encode())[:16]}"
        status.write_text(status_text)
        options = ("-o", "APT::Get::Simulate=1", "-o", f"Dir::State::status={status}")
        verb = "dist-upgrade" if upgrade else "install"
        done = self._run("apt-get", "-q", *options, verb, "--", *packages)
        if done.returncode != 0:
            raise LockError(apt_output.resolve_problem(done, self.mirror, self.suites))
        return self._planned(apt_output.parse_simulation(done.stdout))

    def _workspace(self) -> Path:
        """Where apt keeps its binary caches: one a state of the mirror (apt goes by whole seconds only)."""
        folder = self.home / "cache" / self.fingerprint()[:16]
        if not folder.is_dir():
            remove_tree(self.home / "cache")
            (folder / "archives" / "partial").mkdir(parents=True)
        return folder

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
        fields = _release_fields(content)
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

    def _run(
        self,
        program: str,
        *args: str,
        cwd: Path | None = None,
        timeout: float = _RESOLVE_TIMEOUT,
        network: bool = False,
    ) -> Completed:
        words = [program, "-o", f"Dir::Cache={self._workspace()}", *args]
        return self._bare(words, cwd=cwd, timeout=timeout, network=network)

    def _bare(
        self, words: Sequence[str], *, cwd: Path | None = None, timeout: float, network: bool = False
    ) -> Completed:
        env = {"APT_CONFIG": str(self.home / "apt.conf"), "TMPDIR": str(self.home)}
        reach = writing(self.shared, *([cwd] if cwd else []), network=network)
        try:
            return run(words, timeout=timeout, env=env, cwd=cwd, check=False, reach=reach)
        except ProcessError as error:
            raise MirrorError(
                f"{self.mirror.main}: {error}; is the mirror too slow? set another hallmark:mirror"
            ) from error


@lru_cache(maxsize=16)
def _release_fields(content: bytes) -> Mapping[str, str]:
    """What is asked of a signed index; kept, because every step asks anew and it has thousands of lines."""
    return next(stanzas(content.decode(errors="replace"), only=("Codename", "Date", "Valid-Until")), {})


def _read_planned(path: Path) -> tuple[Planned, ...]:
    return tuple(Planned(**fields) for fields in json.loads(path.read_bytes()))


def _read_text(path: Path) -> str:
    text = json.loads(path.read_bytes())
    if not isinstance(text, str):
        raise TypeError(f"{path}: expected a text, got {text!r:.40}")
    return text
