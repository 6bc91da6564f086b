"""The serial console: for the eye alone, and safe for it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.common.errors import MachineError
from hallmark.guest import console
from hallmark.guest.console import Console, Progress, clean, parse_progress

PATCH = Progress(stage="patch", step=3, steps=24, text="openssl")
LINE = b"::hallmark:: progress patch 3 24 openssl\r\n"


class Watched:
    """A console whose progress is kept."""

    def __init__(self, folder: Path) -> None:
        self.seen: list[Progress] = []
        self.log = folder / "console.log"
        self.console = Console(self.log, self.seen.append)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_progress_is_read_and_said_plainly() -> None:
    assert parse_progress(LINE.decode()) == PATCH
    assert str(PATCH) == "patch 3 of 24: openssl"
    assert str(Progress(stage="seal", step=0, steps=0, text="")) == "seal"
    assert str(Progress(stage="seal", step=0, steps=0, text="logs")) == "seal: logs"


@pytest.mark.parametrize(
    "line",
    ["", "[  1.0] Linux", "::hallmark:: progress Patch 1 2", "::hallmark:: progress patch x 2", "progress patch 1 2"],
)
def test_other_lines_are_no_progress(line: str) -> None:
    assert parse_progress(line) is None


def test_progress_is_found_behind_what_the_kernel_wrote_on_the_same_line() -> None:
    assert parse_progress("[   31.4] cloud-init[312]: ::hallmark:: progress patch 3 24 openssl") == PATCH


def test_a_long_text_is_cut() -> None:
    progress = parse_progress(f"::hallmark:: progress patch 3 24 {'x' * 500}")
    assert progress is not None
    assert progress.text == "x" * 120


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "0;titletext"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("a\x1bcb", "acb"),
        ("a\x9b31mb", "a31mb"),
        ("a\u202eb\u200bc", "abc"),
        ("back\b\b\bspace\r", "backspace"),
        ("a\tb", "a   b"),
        ("größe → ok", "größe → ok"),
    ],
)
def test_what_steers_a_terminal_is_taken_out(line: str, seen: str) -> None:
    assert clean(line) == seen


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(line: str) -> None:
    assert not [c for c in clean(line) if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0]


@given(st.text())
def test_what_is_clean_stays_as_it_is(line: str) -> None:
    assert clean(clean(line)) == clean(line)


def test_the_log_has_every_byte(watched: Watched) -> None:
    watched.console.feed(b"\x1b[2Jhello\xff")
    assert watched.log.read_bytes() == b"\x1b[2Jhello\xff"
    watched.console.close()


@given(st.lists(st.integers(min_value=1, max_value=len(LINE) * 2), max_size=8))
def test_lines_may_come_in_any_pieces(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    watched = Watched(tmp_path_factory.mktemp("console"))
    data = LINE * 2
    places = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(places):
        watched.console.feed(data[start:end])
    watched.console.close()
    assert watched.seen == [PATCH, PATCH]
    assert watched.log.read_bytes() == data


def test_a_panic_is_seen_though_it_comes_in_pieces(watched: Watched) -> None:
    watched.console.feed(b"[ 9.1] Kernel panic - not ")
    assert not watched.console.panicked
    watched.console.feed(b"syncing: VFS: Unable to mount root fs\r\n")
    assert watched.console.panicked


def test_a_line_without_end_does_not_fill_the_memory(watched: Watched) -> None:
    for _ in range(100):
        watched.console.feed(b"x" * 4096)
    watched.console.feed(b"\n" + LINE)
    assert watched.seen == [PATCH]
    assert len(watched.console._rest) <= 4096


def test_a_flood_ends_it(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "LOG_LIMIT", 1 << 20)
    watched.console.feed(b"x" * (1 << 20))
    with pytest.raises(MachineError) as flooded:
        watched.console.feed(b"x")
    assert str(flooded.value) == f"{watched.log}: the guest wrote more than 1 MiB to its console"
    assert watched.log.stat().st_size == 1 << 20
