"""Fixtures: signing keys made once a session, and a fresh archive on loopback for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.apt.debian_archive import Archive, Key, new_key, served


@pytest.fixture(scope="session")
def key() -> Iterator[Key]:
    """The archive's signing key."""
    with new_key("archive") as made:
        yield made


@pytest.fixture(scope="session")
def other_key() -> Iterator[Key]:
    """A key that nobody trusts."""
    with new_key("stranger") as made:
        yield made


@pytest.fixture
def archive(tmp_path: Path, key: Key) -> Iterator[Archive]:
    """An archive with three empty, signed suites."""
    root = tmp_path / "archive"
    root.mkdir()
    with served(Archive(root, key)) as made:
        made.publish({})
        yield made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache whose path apt has to quote."""
    return tmp_path / "the cache"
