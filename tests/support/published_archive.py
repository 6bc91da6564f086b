"""A small archive of Debian packages, and a base to resolve against it."""

from __future__ import annotations

from pathlib import Path

from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from tests.integration.apt.debian_archive import Archive, Deb, changelog, ignore, status

OLD = (
    Deb(name="tls", version="1:3.5-1+deb13u1"),
    Deb(name="libtls", version="1:3.5-1+deb13u1", source="tls"),
    Deb(name="quiet", version="2.0-1+b2"),
)
TLS_CHANGES = changelog(
    "tls",
    ("1:3.5-1+deb13u3", "Fix CVE-2026-20001 and CVE-2026-1234567."),
    ("1:3.5-1+deb13u2", "Fix CVE-2026-0009."),
    ("1:3.5-1+deb13u1", "Fix CVE-2025-1111."),
)
TLS = Deb(name="tls", version="1:3.5-1+deb13u3", changelog=TLS_CHANGES)
LIBTLS = Deb(name="libtls", version="1:3.5-1+deb13u3", docs_of="tls", source="tls")
WEB = Deb(
    name="web",
    version="1.0-1",
    changelog=changelog("web", ("1.0-1", "Fix CVE-2024-0001.")),
    fields={"Depends": "libweb, libtls", "Recommends": "unwanted"},
)
LIBWEB = Deb(name="libweb", version="1.0-1", source="web")
UNWANTED = Deb(name="unwanted", version="1")
QUIET = Deb(name="quiet", version="2.0-1+deb13u1", changelog=changelog("quiet", ("2.0-1+deb13u1", "Be quiet.")))


def published(archive: Archive) -> Archive:
    archive.publish(
        {"trixie": (*OLD, WEB, LIBWEB, UNWANTED), "trixie-updates": (QUIET,), "trixie-security": (TLS, LIBTLS)}
    )
    return archive


def resolve(archive: Archive, cache: Path, *packages: str, base: str = "") -> patches.PatchLock:
    return patches.resolve(base or status(*OLD), packages, PrivateRoot(cache, archive.mirror()), cache / "pool", ignore)
