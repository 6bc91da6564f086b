"""Where packages come from: the Debian mirror of the settings, or the one that this machine itself uses.

Nothing else of the machine's apt configuration is taken over; `apt.py` keeps a private root.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from debian.deb822 import Deb822

from hallmark.common.errors import MirrorError, PrerequisiteError

APT_DIRECTORY = Path("/etc/apt")
KEYRING_DIRECTORY = Path("/usr/share/keyrings")
_CODENAMES = ("bullseye", "bookworm", "trixie", "forky", "duke", "sid", "oldstable", "stable", "testing", "unstable")
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$")
_PLAIN_URI = re.compile(r"^(https?|file|copy):")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirror:
    """The two archives that Debian's patches come from, and the keyrings whose keys may sign them.

    `main` holds the suites CODENAME and CODENAME-updates, `security` holds CODENAME-security.
    """

    main: str
    security: str
    keyrings: tuple[Path, ...]

    def archive_of(self, suite: str) -> str:
        """The base URI of a suite."""
        return self.security if suite.endswith("-security") else self.main


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One enabled entry of the machine's apt sources: one URI with its suites."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    @property
    def is_security(self) -> bool:
        """Whether it holds a Debian release's security suite."""
        return any(s.endswith("-security") and s.removesuffix("-security") in _CODENAMES for s in self.suites)

    @property
    def is_main(self) -> bool:
        """Whether it can be Debian's own main archive."""
        return "main" in self.components and any(suite in _CODENAMES for suite in self.suites)

    @property
    def likelihood(self) -> int:
        """How much speaks for Debian itself; other vendors use Debian's code names too."""
        updates = any(suite.endswith("-updates") for suite in self.suites)
        return 4 * ("debian-archive" in self.signed_by) + 2 * updates + self.uri.rstrip("/").endswith("/debian")


def find_mirror(
    main: str | None = None,
    security: str | None = None,
    *,
    sources: Path = APT_DIRECTORY,
    keyrings: Sequence[Path] | None = None,
) -> Mirror:
    """The mirror of the settings; what they leave open comes from the machine's own apt sources below `sources`.

    Raises MirrorError when an archive is named by neither, PrerequisiteError when no Debian keyring is installed.
    """
    known = [] if main and security else read_sources(sources)
    return Mirror(
        main=_checked("mirror", main) if main else _best("mirror", [s for s in known if s.is_main], sources),
        security=_checked("securityMirror", security)
        if security
        else _best("securityMirror", [s for s in known if s.is_security], sources),
        keyrings=tuple(keyrings) if keyrings is not None else find_keyrings(),
    )


def find_keyrings(directory: Path = KEYRING_DIRECTORY) -> tuple[Path, ...]:
    """Debian's keyrings for trixie, else the one with all of Debian's keys; PrerequisiteError when there is neither."""
    for pattern in ("debian-archive-trixie-*.gpg", "debian-archive-trixie-*.pgp", "debian-archive-keyring.[gp]*"):
        found = tuple(sorted(directory.glob(pattern)))
        if found:
            return found
    raise PrerequisiteError(
        f"{directory}: expected the keys that sign Debian 13, found none; "
        "`make setup` installs package debian-archive-keyring"
    )


def read_sources(directory: Path) -> list[Source]:
    """The enabled binary entries of apt's sources, old and new format, in apt's order."""
    files = [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for path in (f for f in files if f.is_file()):
        if path.suffix == ".list":
            found += parse_one_line(path.read_text(errors="replace"))
        elif path.suffix == ".sources":
            found += parse_deb822(path.read_text(errors="replace"))
    return found


def parse_one_line(text: str) -> list[Source]:
    """The entries of a `.list` file; entries of one URI are joined."""
    joined: dict[str, Source] = {}
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if match is None:
            continue
        uri, suite, components = match["uri"], match["suite"], tuple(match["components"].split())
        before = joined.get(uri, Source(uri=uri, suites=(), components=()))
        joined[uri] = Source(
            uri=uri,
            suites=(*before.suites, suite),
            components=(*before.components, *components),
            signed_by=f"{before.signed_by} {match['options'] or ''}".strip(),
        )
    return list(joined.values())


def parse_deb822(text: str) -> list[Source]:
    """The entries of a `.sources` file."""
    return [source for fields in Deb822.iter_paragraphs(StringIO(text)) for source in _sources_of(fields)]


def _sources_of(fields: Mapping[str, str]) -> Iterator[Source]:
    if "deb" not in fields.get("Types", "").split() or fields.get("Enabled", "yes").lower() in ("no", "false", "0"):
        return
    for uri in fields.get("URIs", "").split():
        yield Source(
            uri=uri,
            suites=tuple(fields.get("Suites", "").split()),
            components=tuple(fields.get("Components", "").split()),
            signed_by=fields.get("Signed-By", ""),
        )


def _best(key: str, candidates: list[Source], directory: Path) -> str:
    ordered = sorted(candidates, key=lambda source: -source.likelihood)
    for source in ordered:
        uri = _plain(source.uri)
        if uri is not None:
            return uri
    raise MirrorError(
        f"{directory}: expected apt sources that name a Debian archive, found none; set the URI with "
        f"`pulumi config set hallmark:{key} URI`"
    )


def _plain(uri: str) -> str | None:
    """A URI that apt and mmdebstrap can both use; Debian's cloud images name theirs in a file (`mirror+file:`)."""
    if _PLAIN_URI.match(uri):
        return uri.rstrip("/")
    listed = Path(re.sub(r"^mirror\+file:(//)?", "", uri))
    if not uri.startswith("mirror+file:") or not listed.is_file():
        return None
    words = [line.split()[0] for line in listed.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return next((word.rstrip("/") for word in words if _PLAIN_URI.match(word)), None)


def _checked(key: str, uri: str) -> str:
    if not _PLAIN_URI.match(uri) or any(c.isspace() or c in "\"'" for c in uri):
        raise MirrorError(f"hallmark:{key}: expected a URI of http, https or file, got {uri!r}")
    return uri.rstrip("/")
