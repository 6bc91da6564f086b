"""CVEs that Debian changelogs name, read out of .deb files without unpacking them to disk."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from debian.debian_support import NativeVersion

from hallmark.common.errors import LockError
from hallmark.common.process import ENVIRONMENT, command, kill_group

_CVE = re.compile(r"\bCVE-[0-9]{4}-[0-9]{4,}\b")
_HEADING = re.compile(r"^(?P<source>[a-z0-9][a-z0-9+.-]*) \((?P<version>([0-9]+:)?[0-9A-Za-z.+~-]+)\) ")
_DOCUMENT = re.compile(r"^\./usr/share/doc/(?P<package>[^/]+)/(?P<file>changelog(\.Debian)?\.gz)$")


def cves_since(lines: Iterable[str], version: str | None) -> tuple[str, ...]:
    """The CVEs named by the changelog entries newer than `version` (all entries when it is None), sorted."""
    floor = NativeVersion(version) if version is not None else None
    found: set[str] = set()
    for line in lines:
        heading = _HEADING.match(line)
        if heading and floor is not None and NativeVersion(heading["version"]) <= floor:
            break
        found.update(_CVE.findall(line))
    return tuple(sorted(found, key=_cve_order))


def read_changelog(deb: Path) -> list[str] | None:
    """The lines of a package's Debian changelog; None when it ships none (its documentation links to another's).

    Raises LockError when the file is no .deb.
    """
    try:
        with deb_contents(deb) as stream:
            return _newest_format(stream)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise LockError(f"{deb}: expected a Debian package, cannot read its changelog: {error}") from error


@contextmanager
def deb_contents(deb: Path) -> Iterator[IO[bytes]]:
    """What a .deb installs, as a stream of tar; of a file that is no .deb the stream is cut short."""
    process = subprocess.Popen(
        command(["dpkg-deb", "--fsys-tarfile", deb]),
        env=dict(ENVIRONMENT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            yield process.stdout
    finally:
        kill_group(process)


def _newest_format(stream: IO[bytes]) -> list[str] | None:
    """`changelog.Debian.gz` where there is one (then `changelog.gz` is upstream's), else that of a native package."""
    native: list[str] | None = None
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member, document in _documents(archive):
            content = archive.extractfile(member)
            lines = _lines(content.read()) if content is not None else []
            if document["file"] == "changelog.Debian.gz":
                return lines
            native = native or lines
    return native if native and _HEADING.match(native[0]) else None


def _documents(archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, re.Match[str]]]:
    for member in archive:
        document = _DOCUMENT.match(member.name)
        if document and member.isfile():
            yield member, document


def _lines(packed: bytes) -> list[str]:
    with gzip.open(io.BytesIO(packed), mode="rt", encoding="utf-8", errors="replace") as text:
        return text.read().splitlines()


def _cve_order(cve: str) -> tuple[int, int]:
    _, year, number = cve.split("-")
    return int(year), int(number)
