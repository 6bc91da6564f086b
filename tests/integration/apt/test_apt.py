"""The private root of apt: shared by threads, and blind to the host's own configuration."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hallmark.common.errors import PrerequisiteError
from hallmark.common.process import run
from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.inventory import parse_status
from tests.integration.apt.debian_archive import Archive, Deb, ignore, status
from tests.support.published_archive import OLD, TLS, published, resolve


def test_threads_that_share_a_root_take_turns(archive: Archive, cache: Path) -> None:
    root = PrivateRoot(cache, published(archive).mirror())
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(patches.resolve, status(*OLD), [], root, cache / "pool", ignore) for _ in range(4)]
    assert len({future.result().fingerprint for future in found}) == 1


def test_a_base_is_simulated_from_nothing_and_becomes_a_status(archive: Archive, cache: Path) -> None:
    core = Deb(name="core", version="1", fields={"Essential": "yes"})
    archive.publish({"trixie": (core, *OLD), "trixie-security": (TLS,)})
    root = PrivateRoot(cache, archive.mirror(), ("trixie",))
    root.update()
    planned = root.simulate_install("", ["?essential", "tls"], upgrade=False)
    assert [(p.name, p.to_version, p.suite) for p in planned] == [
        ("core", "1", "trixie"),
        ("tls", OLD[0].version, "trixie"),
    ]
    assert parse_status(root.status_text(planned)).version_of("tls") == OLD[0].version
    lock = resolve(archive, cache, base=root.status_text(planned))
    assert [p.label for p in lock.packages] == ["tls 1:3.5-1+deb13u3"]


def test_nothing_of_the_hosts_apt_configuration_is_read(archive: Archive, cache: Path) -> None:
    root = PrivateRoot(cache, archive.mirror())
    root.update()
    env = {"APT_CONFIG": str(root.home / "apt.conf")}
    dumped = run(["apt-config", "dump"], timeout=30, env=env).stdout
    assert "/etc/apt" not in dumped
    assert 'Acquire::Check-Valid-Until "true"' in dumped
    assert 'APT::Architectures:: "amd64"' in dumped
    assert "IndexTargets::deb::Translations::" not in dumped
    assert "IndexTargets::deb::DEP-11::" not in dumped


def test_a_cache_path_that_apt_cannot_quote_is_refused(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="apt cannot use a path with quotes"):
        PrivateRoot(tmp_path / 'a "cache"', archive.mirror()).update()
