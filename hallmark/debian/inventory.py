"""The inventory: the packages that are installed in a base, read from its own dpkg database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from hallmark.common.fingerprint import Sha256, fingerprint

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


def parse_status(text: str) -> Inventory:
    """The inventory of a dpkg status file: only what is `ok installed` (on hold or not)."""
    found = (_installed(fields) for fields in stanzas(text) if fields.get("Status", "").endswith(" ok installed"))
    return Inventory(packages=tuple(sorted(found)))


def stanzas(text: str) -> Iterator[dict[str, str]]:
    """The stanzas of a dpkg or Packages file as first lines of their fields (no continued lines)."""
    for block in text.split("\n\n"):
        lines = (line.split(":", 1) for line in block.splitlines() if ":" in line and not line.startswith((" ", "\t")))
        fields = {key: value.strip() for key, value in lines}
        if fields:
            yield fields


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
