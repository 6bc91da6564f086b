"""`hallmark up` with the real engine, and machines that end at once: exit codes, and recipes that stand alone."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from hallmark.store.store import Store
from tests.e2e.checkout import Checkout, Finished
from tests.support.quick_checkout import (
    end_with,
    quick_checkout,
    spoil,
    up_on_a_terminal_that_is_closed,
    up_that_is_hung_up,
    up_to_a_reader_that_goes,
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with quick_checkout(tmp_path_factory.mktemp("quick"), "one", "two", "three") as checkout:
        yield checkout


def told(done: Finished) -> list[str]:
    """What `hallmark` says once the engine is done with its output."""
    return done.text[done.text.index("\nhallmark: stack local") + 1 :].splitlines()


# Recipes stand alone: the first run, in which one cannot be built, one is rejected, one is good.


@pytest.fixture(scope="module")
def mixed(checkout: Checkout) -> Finished:
    spoil(checkout, "one", "build", "rm controls/marker.exit\n")
    spoil(checkout, "two", "accept", "echo degraded >facts/system-state\n")
    return checkout.up()


def test_a_recipe_that_fails_keeps_no_other_from_its_release(mixed: Finished, checkout: Checkout) -> None:
    assert checkout.released("three") is not None
    states = {image.recipe: image.state for image in checkout.store.images()}
    assert states == {"two": "rejected", "three": "accepted"}
    assert "three: released on channel stable" in mixed.text


def test_the_run_fails_with_the_smallest_code_and_says_which_recipe_did_what(mixed: Finished) -> None:
    assert mixed.code == 5
    said = told(mixed)
    assert said[0] in (
        "hallmark: stack local failed: one in build, two in acceptance",
        "hallmark: stack local failed: two in acceptance, one in build",
    )
    assert "one: build: the host judges against it:" in said
    assert "second boot: expected the system to be running, it is degraded; failed units: none" in said
    assert said[-1].startswith("evidence: ")


def test_a_failure_is_told_once_and_without_the_engines_own_words(mixed: Finished) -> None:
    assert "Exception calling application" not in mixed.text
    assert "Traceback" not in mixed.text
    assert "Outputs:" not in mixed.text
    assert len(mixed.lines("it is degraded")) == 1


def test_json_has_every_failure_and_the_images_that_are_good(mixed: Finished, checkout: Checkout) -> None:
    """The engine's output goes to standard error; here both streams are one."""
    done = checkout.hallmark("up", "local", "--json")
    document, _ = json.JSONDecoder().raw_decode(done.text[done.text.index("\n{\n") + 1 :])
    assert done.code == document["code"] == 5
    failures = {failure["recipe"]: failure for failure in document["failures"]}
    assert {name: (f["step"], f["code"]) for name, f in failures.items()} == {
        "one": ("local.build", 5),
        "two": ("local.acceptance", 6),
    }
    assert "was rejected" in failures["two"]["message"]
    assert set(document["images"]) == {"three"}
    assert done.machines == ["one-build build"]


@pytest.fixture(scope="module")
def changed(checkout: Checkout, mixed: Finished) -> Finished:
    """A recipe that was released fails, and one alone is asked for."""
    checkout.recipe("three", extra='[hardening.parameters.marker]\nword = "other"\n')
    spoil(checkout, "one", "build", "")
    spoil(checkout, "three", "build", "rm controls/marker.exit\n")
    return checkout.hallmark("up", "local", "--recipe", "one")


def test_one_recipe_alone_is_built_and_released(changed: Finished, checkout: Checkout) -> None:
    assert changed.code == 0, changed.text
    assert changed.machines == ["one-acceptance accept", "one-build build"]
    assert checkout.released("one") is not None
    assert "one: released on channel stable" in changed.text
    assert "three:" not in changed.text


def test_a_recipe_that_was_released_stays_so_when_its_next_build_fails(changed: Finished, checkout: Checkout) -> None:
    before = checkout.released("three")
    done = checkout.hallmark("up", "local", "--recipe", "three")
    assert done.code == 5, done.text
    assert checkout.released("three") == before
    assert told(done)[0] == "hallmark: stack local failed: three in build"


def test_a_recipe_that_the_stack_does_not_list_is_named(checkout: Checkout) -> None:
    done = checkout.hallmark("up", "local", "--recipe", "nosuch")
    assert done.code == 2
    assert done.text == (
        "hallmark: stacks/Pulumi.local.yaml: hallmark: recipes: expected nosuch to be listed; "
        "there are one, two, three\n"
    )


def test_what_is_wrong_with_one_recipe_is_no_other_recipes_affair(changed: Finished, checkout: Checkout) -> None:
    """Its text, its plan: nothing of it is made. A preview refuses."""
    checkout.recipe("one", top="colour = 1")
    checkout.recipe("two", extra='[hardening.parameters.nosuch]\nword = "other"\n')
    spoil(checkout, "three", "build", "")
    done = checkout.up()
    assert done.code == 2, done.text
    assert done.machines == ["three-acceptance accept", "three-build build"]
    said = told(done)
    assert sum("recipes/one.toml: colour: unknown key" in line for line in said) == 1
    assert sum("nosuch" in line for line in said) == 1
    preview = checkout.pulumi("preview")
    assert preview.code != 0
    assert "recipes/one.toml: colour: unknown key" in preview.text
    assert "Traceback" not in done.text + preview.text
    for name in ("one", "two"):
        checkout.recipe(name)


# Exit codes: that of what went wrong.


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("PrerequisiteError", 3),
        ("MirrorError", 4),
        ("StoreError", 7),
        ("AwsError", 8),
    ],
)
def test_up_ends_with_the_code_of_what_went_wrong(checkout: Checkout, kind: str, code: int) -> None:
    checkout.recipe("one", extra=f'[hardening.parameters.marker]\nword = "{kind}"\n')
    end_with(checkout, "one", "build", f"{kind} something to be told")
    done = checkout.hallmark("up", "local", "--recipe", "one")
    end_with(checkout, "one", "build", "")
    assert done.code == code, done.text
    assert told(done)[1] == "one: something to be told"


def test_a_rejected_candidate_is_code_6(checkout: Checkout) -> None:
    checkout.recipe("one", extra='[hardening.parameters.marker]\nword = "rejected"\n')
    end_with(checkout, "one", "accept", "MachineError it hung")
    assert checkout.hallmark("up", "local", "--recipe", "one").code == 6
    assert checkout.hallmark("up", "local", "--recipe", "one").code == 6
    end_with(checkout, "one", "accept", "")


def test_settings_that_are_wrong_are_code_2(checkout: Checkout) -> None:
    checkout.configure(recipies=["one"])
    done = checkout.up()
    checkout.configure(recipies=None)
    assert done.code == 2
    assert "hallmark: recipies: unknown key" in told(done)[1]


def test_an_interrupted_run_is_code_130(checkout: Checkout) -> None:
    checkout.recipe("one", extra='[hardening.parameters.marker]\nword = "interrupted"\n')
    spoil(checkout, "one", "build", "sleep 3\n")
    under_way = checkout.start("up", "local", "--recipe", "one")
    under_way.wait_for("one-build", "build: power-on")
    under_way.process.terminate()
    done = under_way.wait(timeout=60)
    spoil(checkout, "one", "build", "")
    assert done.code == 130, done.text
    assert told(done)[0] == "hallmark: stack local: interrupted"


# What is around a run goes: tests/integration/kill tries a hundred moments.

HUNG_UP = {130, -signal.SIGHUP}
"""The exit code of a run that hears of it; of one that has only just begun the signal's own."""


@pytest.mark.parametrize(
    ("leave", "moment", "codes"),
    [
        (up_to_a_reader_that_goes, 4, {1}),
        (up_to_a_reader_that_goes, 12, {1}),
        (up_on_a_terminal_that_is_closed, 2.5, HUNG_UP),
        (up_on_a_terminal_that_is_closed, 5, HUNG_UP),
        (up_that_is_hung_up, 2.5, HUNG_UP),
    ],
)
def test_when_its_reader_or_its_terminal_goes_no_process_is_left(
    checkout: Checkout, leave: Callable[[Checkout, float], int], moment: float, codes: set[int]
) -> None:
    checkout.recipe("one", extra=f'[hardening.parameters.marker]\nword = "{leave.__name__} {moment}"\n')
    spoil(checkout, "one", "build", "sleep 3\n")
    assert leave(checkout, moment) in codes
    spoil(checkout, "one", "build", "")
    assert checkout.leftovers() == []


def test_a_provider_that_is_killed_is_told_with_the_step(checkout: Checkout) -> None:
    checkout.recipe("one", extra='[hardening.parameters.marker]\nword = "killed"\n')
    spoil(checkout, "one", "build", "sleep 3\n")
    under_way = checkout.start("up", "local", "--recipe", "one")
    under_way.wait_for("build: power-on")
    for pid in checkout.running("pulumi.dynamic"):
        os.kill(pid, signal.SIGKILL)
    done = under_way.wait(timeout=60)
    spoil(checkout, "one", "build", "")
    assert done.code == 1, done.text
    assert told(done)[0] == "hallmark: stack local failed: one in build"
    assert told(done)[1].startswith("one: local.build: the process that did this step was ended in the middle of it")


# Store and cache: a changed place takes effect at once, and one that cannot be is named.


def test_a_changed_store_gets_the_images_and_a_changed_back_one_has_them_still(
    checkout: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for recipe in ("one", "two", "three"):
        checkout.recipe(recipe, extra='[hardening.parameters.marker]\nword = "good"\n')
    for spoiled in checkout.root.glob("quick/*"):
        spoiled.unlink()
    done = checkout.up()
    assert done.code == 0, done.text
    before = {recipe: checkout.released(recipe) for recipe in ("one", "two", "three")}
    elsewhere = Store(tmp_path_factory.mktemp("elsewhere") / "store")
    checkout.configure(store=str(elsewhere.root))
    moved = checkout.up()
    assert moved.code == 0, moved.text
    assert len(moved.machines) == 6
    for recipe, image in before.items():
        target = elsewhere.channel_target(recipe, "stable")
        assert target is not None
        assert target.id == image
        assert checkout.outputs()["images"][recipe]["disk"] == str(target.disk)
    checkout.configure(store=None)
    back = checkout.up()
    assert (back.code, back.machines) == (0, []), back.text
    assert {recipe: checkout.released(recipe) for recipe in before} == before


def test_a_changed_cache_gets_the_base(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("cache")
    for name in ("apt", "pool"):
        (cache / name).symlink_to((checkout.cache / name).resolve())
    checkout.configure(cache=str(cache))
    done = checkout.up()
    assert (done.code, done.machines) == (0, []), done.text
    assert len(list(cache.glob("bases/*/disk.qcow2"))) == 1
    assert "vanished" not in done.text
    checkout.configure(cache=str(checkout.cache))


@pytest.mark.parametrize("setting", ["store", "cache"])
def test_a_place_that_cannot_be_is_one_line_that_names_the_setting(checkout: Checkout, setting: str) -> None:
    before = checkout.settings.get(setting)
    checkout.configure(**{setting: "/dev/null/x"})
    preview, done = checkout.pulumi("preview"), checkout.up()
    checkout.configure(**{setting: before})
    said = (
        f"stack local (stacks/Pulumi.local.yaml): hallmark: {setting}: /dev/null/x: expected a folder that can be "
        "written: /dev/null is no folder"
    )
    assert preview.lines(said)
    assert done.code == 2, done.text
    assert told(done) == ["hallmark: stack local failed", said]
    assert "Traceback" not in preview.text + done.text
