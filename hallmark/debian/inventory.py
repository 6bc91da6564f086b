"""The inventory: the packages that are installed in a base, read from its own dpkg database."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import StringIO

from debian.deb822 import Deb822

from hallmark.common.fingerprint import Sha256, fingerprint

_READ = ("Package", "Version", "Architecture", "Source", "Status")
# As apt and dpkg read them: only an empty line ends a stanza.
_STRICT = {"whitespace-separates-paragraphs": False}
_BINARY_REBUILD = re.compile(r"\+b[0-9]+$")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class InstalledPackage:
    """One package that dpkg counts as wholly installed; `source` is what it was built from."""

    name: str
    version: str
    architecture: str
    source: str = ""
    source_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """The installed packages, sorted by name."""

    packages: tuple[InstalledPackage, ...]

    @cached_property
    def fingerprint(self) -> Sha256:
        """The identity: names, versions and architectures."""
        return fingerprint("inventory", {"packages": [[p.name, p.version, p.architecture] for p in self.packages]})

    def version_of(self, name: str) -> str | None:
        """The installed version of a package, or None when it is not installed."""
        return next((p.version for p in self.packages if p.name == name), None)


@lru_cache(maxsize=8)  # each recipe of a stack asks for the same base's
def parse_status(text: str) -> Inventory:
    """The inventory of a dpkg status file: only what is `ok installed` (on hold or not)."""
    installed = (f for f in stanzas(text, only=_READ) if f.get("Status", "").endswith(" ok installed"))
    return Inventory(packages=tuple(sorted(map(_installed, installed))))


def without(text: str, names: Collection[str]) -> str:
    """A dpkg status file as it is when these packages have gone."""
    gone = {f"Package: {name}" for name in names}
    if not gone:
        return text
    return "\n\n".join(stanza for stanza in text.split("\n\n") if gone.isdisjoint(stanza.splitlines()))


def stanzas(text: str, *, only: Sequence[str] | None = None) -> Iterator[Mapping[str, str]]:
    """The stanzas of what dpkg and apt write (a status, records, a Release file), with all fields or `only` some.

    A signature around them is left out. About 10,000 stanzas a second: for all of Debian it is too slow.
    """
    return Deb822.iter_paragraphs(StringIO(text), fields=None if only is None else list(only), strict=_STRICT)


def source_of(fields: Mapping[str, str]) -> tuple[str, str]:
    """Name and version of the source package that a binary package's stanza was built from."""
    name, _, rest = fields.get("Source", fields["Package"]).partition(" ")
    version = rest.strip("() ") or _BINARY_REBUILD.sub("", fields["Version"])
    return name, version


def _installed(fields: Mapping[str, str]) -> InstalledPackage:
    source, source_version = source_of(fields)
    return InstalledPackage(
        name=fields["Package"],
        version=fields["Version"],
        architecture=fields["Architecture"],
        source=source,
        source_version=source_version,
    )
