"""Bad input, violent ends: one clear error, nothing released, nothing left running, and the next run converges."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout, Finished, Running
from tests.e2e.conftest import MakeCheckout
from tests.e2e.patched_base import NamedDisk
from tests.support.waiting import wait_until

# Input that is wrong: the real engine says so once, and no machine runs.


@pytest.fixture
def fresh(tiny: Checkout) -> Iterator[Checkout]:
    """The checkout with nothing in its store; what a test sets is set back."""
    before = dict(tiny.settings)
    yield tiny
    tiny.settings = before
    tiny.configure()
    shutil.rmtree(tiny.root / "image_scripts/controls/unchecked", ignore_errors=True)


def _wrong_key(checkout: Checkout) -> None:
    checkout.configure(recipies=["tiny"])


def _wrong_type(checkout: Checkout) -> None:
    checkout.configure(parallel="many")


def _no_recipe(checkout: Checkout) -> None:
    checkout.configure(recipes=["nosuch"])


def _no_control(checkout: Checkout) -> None:
    checkout.profile("imagined", "marker", "imaginary")
    checkout.recipe("imagined", profile="imagined")
    checkout.configure(recipes=["imagined"])


def _no_check(checkout: Checkout) -> None:
    folder = checkout.root / "image_scripts/controls/unchecked"
    checkout.control("unchecked")
    (folder / "check.sh").unlink()
    checkout.profile("unchecked", "marker", "unchecked")
    checkout.recipe("unchecked", profile="unchecked")
    checkout.configure(recipes=["unchecked"])


def _no_mirror(checkout: Checkout) -> None:
    checkout.configure(mirror="http://127.0.0.1:9/debian", securityMirror="http://127.0.0.1:9/debian-security")


def _no_lock(checkout: Checkout) -> None:
    checkout.configure(patches="locks/nosuch.json")


def _other_disk(checkout: Checkout) -> None:
    disk = checkout.settings["base"]["disk"]
    checkout.configure(base={"disk": disk, "sha512": "0" * 128})


def _no_disk(checkout: Checkout) -> None:
    checkout.configure(base={"disk": "/nosuch/disk.qcow2", "sha512": "1" * 128})


@pytest.mark.parametrize(
    ("spoil", "code", "complaint"),
    [
        (_wrong_key, 2, "stacks/Pulumi.local.yaml): hallmark: recipies: unknown key; remove it or mend its name"),
        (_wrong_type, 1, "configuration key 'parallel' must be of type 'integer'"),
        (_no_recipe, 2, "recipes/nosuch.toml: no such recipe; "),
        (_no_control, 2, "image_scripts/profiles/imagined.toml: controls[1]: "),
        (_no_check, 2, "image_scripts/controls/unchecked"),
        (_no_mirror, 4, "127.0.0.1:9"),
        (_no_lock, 4, "locks/nosuch.json: cannot read the patch lock"),
        (_other_disk, 2, "hallmark:base: sha512: "),
        (_no_disk, 2, "hallmark:base: disk: /nosuch/disk.qcow2: expected a qcow2 file"),
    ],
    ids=lambda value: value.__name__.strip("_").replace("_", "-") if callable(value) else "",
)
def test_wrong_input_is_one_clear_error_and_makes_nothing(
    fresh: Checkout, spoil: Callable[[Checkout], None], code: int, complaint: str
) -> None:
    spoil(fresh)
    done = fresh.up()
    assert done.code == code, done.text
    assert complaint in done.text
    assert "Traceback" not in done.text
    assert "was never awaited" not in done.text
    assert done.machines == []
    assert fresh.store.images() == []
    assert fresh.released("tiny") is None
    assert fresh.half_made() == []


def test_no_room_in_the_store_is_said_before_a_machine_runs(fresh: Checkout) -> None:
    small = fresh.root / ".hallmark" / "small"
    small.mkdir()
    fresh.configure(store=str(small / "store"))
    words: list[str | Path] = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "--"]
    words += ["sh", "-c", _ON_A_SMALL_DISK, small, fresh.root / ".venv/bin/python", "-m", "hallmark", "up"]
    done = Running(words, fresh.root, fresh.environment(), fresh.root / ".hallmark/run-small.log").wait()
    assert done.code == 7, done.text
    assert f"{small}/store: no room: expected " in done.text
    assert done.machines == []
    assert not done.lines("left: ")
    assert "Traceback" not in done.text


# The file system ends with the namespace.
_ON_A_SMALL_DISK = """\
mount -t tmpfs -o size=64m tmpfs "$0" || exit 99
"$@"
code=$?
find "$0" -type f ! -name lock -printf 'left: %p\\n'
exit "$code"
"""


# Violent ends, one after the other, on one stack.


@pytest.fixture(scope="module")
def battered(make_scratch: MakeCheckout, patched_base: NamedDisk) -> Checkout:
    """A stack of two recipes of which one may run at a time."""
    checkout = make_scratch("battered")
    checkout.use_base(patched_base)
    checkout.recipe("twin")
    checkout.configure(recipes=["tiny", "twin"], parallel=1)
    return checkout


@pytest.fixture(scope="module")
def engine_killed(battered: Checkout) -> tuple[Finished, Finished]:
    """The engine is killed while one machine runs and another waits; before, a second run was tried."""
    under_way = battered.start("up")
    under_way.wait_for("build: power-on", "queued: ")
    second = battered.up()
    for pid in battered.named("pulumi"):
        os.kill(pid, signal.SIGKILL)
    return under_way.wait(), second


def test_of_two_recipes_the_second_waits_and_says_so(engine_killed: tuple[Finished, Finished]) -> None:
    first, _ = engine_killed
    assert "queued: 1 machine(s) are running, as many as fit" in first.text
    assert len(first.machines) == 1


def test_a_second_run_refuses_and_names_the_first(engine_killed: tuple[Finished, Finished]) -> None:
    _, second = engine_killed
    assert second.code == 7
    assert "hallmark: stack local is in use: `hallmark up` runs as process " in second.text
    assert len(second.text.splitlines()) == 1


def test_when_the_engine_is_killed_nothing_runs_on(
    battered: Checkout, engine_killed: tuple[Finished, Finished]
) -> None:
    first, _ = engine_killed
    assert first.code == 1
    assert "hallmark: pulumi up: stack local: was ended by signal 9" in first.text
    assert battered.leftovers() == []
    assert battered.store.images() == []


@pytest.fixture(scope="module")
def interrupted_twice(battered: Checkout, engine_killed: tuple[Finished, Finished]) -> Finished:
    assert engine_killed[0].code == 1
    battered.configure(recipes=["tiny"])
    under_way = battered.start("up")
    under_way.wait_for("build: power-on")
    under_way.process.send_signal(signal.SIGINT)
    # Pulumi's own word too: while it has not looked at the first, the kernel takes a second for the same.
    under_way.wait_for("a second interrupt ends it at once", "^C received")
    under_way.process.send_signal(signal.SIGINT)
    return under_way.wait(timeout=60)


def test_the_lock_of_a_killed_run_is_removed(interrupted_twice: Finished) -> None:
    assert interrupted_twice.text.startswith("hallmark: removed the lock of a run that died (process ")


def test_two_interrupts_end_a_run_at_once(battered: Checkout, interrupted_twice: Finished) -> None:
    assert interrupted_twice.code != 0
    assert "Traceback" not in interrupted_twice.text
    assert battered.leftovers() == []
    assert battered.store.images() == []


@pytest.fixture(scope="module")
def provider_killed(battered: Checkout, interrupted_twice: Finished) -> Finished:
    """The provider dies while the candidate's disk is written."""
    assert interrupted_twice.code != 0
    under_way = battered.start("up")
    under_way.wait_for("build: writing the candidate's disk")
    for pid in battered.running("pulumi.dynamic"):
        os.kill(pid, signal.SIGKILL)
    return under_way.wait(timeout=120)


def test_when_the_provider_is_killed_the_run_fails_and_no_half_image_is_listed(
    battered: Checkout, provider_killed: Finished
) -> None:
    assert provider_killed.code == 1, provider_killed.text
    assert battered.leftovers() == []
    assert battered.store.images() == []
    assert battered.hallmark("images").text.startswith("no images in ")


@pytest.fixture(scope="module")
def command_killed(battered: Checkout, provider_killed: Finished) -> Finished:
    """`hallmark` itself dies while the candidate is judged."""
    assert provider_killed.code == 1
    under_way = battered.start("up")
    under_way.wait_for("accept: power-on")
    os.kill(under_way.process.pid, signal.SIGKILL)
    return under_way.wait(timeout=60)


def test_when_the_command_is_killed_its_machine_ends_and_the_candidate_stays(
    battered: Checkout, command_killed: Finished
) -> None:
    assert command_killed.code == -signal.SIGKILL
    assert battered.leftovers() == []
    assert [image.state for image in battered.store.images()] == ["candidate"]
    assert battered.released("tiny") is None


@pytest.fixture(scope="module")
def interrupted_once(battered: Checkout, command_killed: Finished) -> Finished:
    assert command_killed.code == -signal.SIGKILL
    under_way = battered.start("up")
    under_way.wait_for("accept: power-on")
    under_way.process.send_signal(signal.SIGINT)
    return under_way.wait()


def test_one_interrupt_lets_the_step_end_and_starts_no_other(battered: Checkout, interrupted_once: Finished) -> None:
    assert interrupted_once.code == 130, interrupted_once.text
    assert interrupted_once.machines == ["tiny-acceptance accept"]
    assert [image.state for image in battered.store.images()] == ["accepted"]
    assert battered.released("tiny") is None
    assert battered.leftovers() == []


@pytest.fixture(scope="module")
def at_last(battered: Checkout, interrupted_once: Finished) -> Finished:
    assert interrupted_once.code == 130
    return battered.up()


def test_after_all_that_the_next_run_converges(battered: Checkout, at_last: Finished) -> None:
    assert at_last.code == 0, at_last.text
    assert at_last.machines == []
    assert battered.released("tiny") == battered.store.images()[0].id
    assert battered.outputs()["images"]["tiny"]["accepted"] is True
    assert battered.leftovers() == []
    assert battered.half_made() == []


def test_a_killed_run_leaves_no_warning_to_later_ones(battered: Checkout, at_last: Finished) -> None:
    assert at_last.code == 0
    again = battered.up()
    assert again.code == 0, again.text
    assert "pending operations" not in again.text
    assert again.machines == []


def test_a_run_by_hand_beside_another_is_refused_by_pulumi_itself(battered: Checkout, at_last: Finished) -> None:
    assert at_last.code == 0
    battered.recipe("tiny", extra='[hardening.parameters.marker]\nword = "other"\n')
    under_way = battered.start("up")
    try:
        wait_until(lambda: "updating" in under_way.text, 60)
        by_hand = battered.pulumi("up", "--yes", "--skip-preview")
    finally:
        os.kill(under_way.process.pid, signal.SIGKILL)
        under_way.wait(timeout=30)
    assert by_hand.code != 0
    assert "the stack is currently locked by 1 lock(s)" in by_hand.text
    assert battered.leftovers() == []
    battered.recipe("tiny")
    done = battered.up()
    assert done.code == 0, done.text
    assert done.machines == []
