"""Fixtures for tests with the real engine and real machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hallmark.common.cache import user_cache
from tests.e2e.checkout import Checkout, scratch
from tests.e2e.patched_base import NamedDisk, find_patched_base
from tests.support.host_untouched import Host, complaint

MakeCheckout = Callable[[str], Checkout]


@pytest.fixture(scope="session", autouse=True)
def _host_untouched() -> Iterator[None]:
    """No build, no machine and no killed run changes anything of this machine's system."""
    host = Host()
    yield
    changes = host.changes()
    assert not changes, complaint(changes)


@pytest.fixture(scope="session")
def shared_cache() -> Path:
    """The cache that all checkouts of this machine share."""
    return user_cache()


@pytest.fixture(scope="session")
def patched_base(shared_cache: Path) -> NamedDisk:
    """A named base with no patches outstanding."""
    return find_patched_base(shared_cache)


@pytest.fixture(scope="module")
def make_scratch(shared_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeCheckout]:
    """Makes scratch checkouts; at the module's end nothing of them may be left."""
    with ExitStack() as stack:

        def make(name: str) -> Checkout:
            folder = tmp_path_factory.mktemp(name)
            return stack.enter_context(scratch(folder / "checkout", folder / "cache" / "hallmark", shared_cache))

        yield make


@pytest.fixture(scope="module")
def tiny(make_scratch: MakeCheckout, patched_base: NamedDisk) -> Checkout:
    """A scratch checkout whose stack builds the tiny recipe on the patched base."""
    checkout = make_scratch("tiny")
    checkout.use_base(patched_base)
    return checkout
