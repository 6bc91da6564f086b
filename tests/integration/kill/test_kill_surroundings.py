"""What is around `hallmark up` goes: its reader, its terminal, its session. At any moment, and no process is left.

A hundred moments, spread over a run; tests/integration/cli/test_up.py tries a few.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.checkout import Checkout
from tests.support.quick_checkout import (
    quick_checkout,
    spoil,
    up_on_a_terminal_that_is_closed,
    up_that_is_hung_up,
    up_to_a_reader_that_goes,
)

MOMENTS = [0.2 * number for number in range(1, 35)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with quick_checkout(tmp_path_factory.mktemp("quick"), "one") as checkout:
        spoil(checkout, "one", "build", "sleep 3\n")
        yield checkout
        spoil(checkout, "one", "build", "")
        done = checkout.up()
        assert done.code == 0, done.text


def renew(checkout: Checkout, word: object) -> None:
    """Let there be something to build."""
    checkout.recipe("one", extra=f'[hardening.parameters.marker]\nword = "w{word}"\n')


@pytest.mark.parametrize("lines", range(1, 35))
def test_a_reader_that_goes(checkout: Checkout, lines: int) -> None:
    renew(checkout, lines)
    assert up_to_a_reader_that_goes(checkout, lines) != 0
    assert checkout.leftovers() == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_terminal_that_is_closed(checkout: Checkout, moment: float) -> None:
    renew(checkout, moment)
    assert up_on_a_terminal_that_is_closed(checkout, moment) != 0
    assert checkout.leftovers() == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_session_that_hangs_up(checkout: Checkout, moment: float) -> None:
    renew(checkout, moment)
    assert up_that_is_hung_up(checkout, moment) != 0
    assert checkout.leftovers() == []
