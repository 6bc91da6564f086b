"""The life of a stack on AWS, with machines that answer at once: each fixture is one more run on it.

The real engine and program, the doubled plugins, a strict account that is held to docs/iam. What the guests say is
made up (quick_guest.py); tests/e2e/test_aws.py runs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hallmark.config.recipe import Judge
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.mirror import find_mirror
from hallmark.debian.pool import pool_of
from hallmark.judges.tools import fetch_tools
from tests.doubles.moto_ec2 import Rules
from tests.doubles.permissions import Gate, documented, held_to
from tests.doubles.quick_guest import QuickGuest
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import REGION, Server, running
from tests.e2e.checkout import Checkout, Finished
from tests.e2e.conftest import MakeCheckout, make_scratch, shared_cache
from tests.support.aws.checkout import holdings, tags_of, use_account
from tests.support.aws.doubled import image
from tests.support.judges_reports import SSH_AUDIT, write_report

__all__ = ["make_scratch", "shared_cache"]

CHANNEL = "/hallmark/tiny/stable"
STATUS = """\
Package: base-files
Status: install ok installed
Architecture: amd64
Version: 13.8
"""


@pytest.fixture(scope="module")
def checkout(make_scratch: MakeCheckout) -> Checkout:
    return make_scratch("aws")


@pytest.fixture(scope="module")
def guest(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> QuickGuest:
    return QuickGuest(cache=checkout.cache, status=STATUS, scratch=tmp_path_factory.mktemp("guests"))


@pytest.fixture(scope="module")
def server(guest: QuickGuest) -> Iterator[Server]:
    with running(Rules(machines=QuickMachines(writes=guest))) as server:
        yield server


@pytest.fixture(scope="module")
def gate(checkout: Checkout, server: Server) -> Iterator[Gate]:
    key = use_account(checkout, server, image(server.client("ec2"), BootMode="uefi"))
    _say(checkout, "one")
    with held_to(server, documented("pipeline.json", kms_key=key)) as gate:
        yield gate


def _say(checkout: Checkout, word: str) -> None:
    """Write the recipe anew, with another word for the marker."""
    checkout.recipe("tiny", extra=f'[hardening.parameters.marker]\nword = "{word}"\n')


def _image(checkout: Checkout) -> dict[str, Any]:
    found: dict[str, Any] = checkout.outputs()["images"]["tiny"]
    return found


def _channel(server: Server) -> str:
    return str(server.client("ssm").get_parameter(Name=CHANNEL)["Parameter"]["Value"])


def _machines(server: Server) -> int:
    """How many machines were started so far; the preflight's dry run is none."""
    return sum(len(found["Instances"]) for found in server.client("ec2").describe_instances()["Reservations"])


@pytest.fixture(scope="module")
def previewed(checkout: Checkout, gate: Gate) -> Finished:
    checkout.init()
    return checkout.pulumi("preview")


@pytest.fixture(scope="module")
def first(checkout: Checkout, previewed: Finished) -> Finished:
    assert previewed.code == 0, previewed.text
    return checkout.up()


@pytest.fixture(scope="module")
def one(checkout: Checkout, first: Finished) -> dict[str, Any]:
    assert first.code == 0, first.text
    return _image(checkout)


# The first run


def test_a_preview_of_an_ami_that_nobody_has_looked_into_says_so(previewed: Finished) -> None:
    assert previewed.code == 0, previewed.text
    assert "this AMI has not been looked into yet" in previewed.text
    assert "tiny-acceptance" in previewed.text


def test_the_outputs_name_what_consumers_need(one: dict[str, Any]) -> None:
    assert set(one) == {"id", "ami", "snapshot", "region", "parameter", "evidence", "channel", "accepted"}
    assert (one["region"], one["parameter"], one["channel"], one["accepted"]) == (REGION, CHANNEL, "stable", True)
    assert (Path(one["evidence"]) / "index.md").exists()


def test_the_image_is_released(one: dict[str, Any], server: Server) -> None:
    assert _channel(server) == one["ami"]
    tags = tags_of(server, one["ami"])
    assert (tags["hallmark:verdict"], tags["hallmark:status"]) == ("accepted", "released")


def test_three_machines_ran_and_are_gone_with_their_networks(one: dict[str, Any], server: Server) -> None:
    assert _machines(server) == 3
    left = holdings(server)
    assert sorted(left) == ["images", "parameters", "snapshots"]
    media = [snapshot for snapshot in left["snapshots"] if "hallmark:content" in tags_of(server, snapshot)]
    assert sorted([*media, one["snapshot"]]) == left["snapshots"]
    assert len(media) == 3


def test_the_run_was_allowed_all_that_it_asked_for(one: dict[str, Any], gate: Gate) -> None:
    assert gate.denied == []


def test_no_inner_stack_is_left(one: dict[str, Any], checkout: Checkout) -> None:
    stacks = sorted(path.name for path in (checkout.root / ".hallmark/state/.pulumi/stacks").rglob("*.json"))
    assert stacks == ["aws.json"]


# Nothing to do


@pytest.fixture(scope="module")
def unchanged(checkout: Checkout, one: dict[str, Any], server: Server) -> list[str]:
    """The changing calls of a run that has nothing to do."""
    before = len(server.actions(mutating=True))
    again = checkout.up()
    assert again.code == 0, again.text
    return server.actions(mutating=True)[before:]


def test_an_unchanged_stack_changes_nothing(unchanged: list[str], checkout: Checkout, one: dict[str, Any]) -> None:
    assert unchanged == []
    assert _image(checkout) == one


# The code moves


@pytest.fixture(scope="module")
def moved(checkout: Checkout, unchanged: list[str], server: Server) -> list[str]:
    """The changing calls of a run after the steps' module has moved; all runs from here on are with it moved."""
    (checkout.root / "hallmark/aws/steps.py").rename(checkout.root / "hallmark/aws/moved.py")
    for path in (checkout.root / "components").rglob("*.py"):
        text = path.read_text().replace("hallmark.aws.steps", "hallmark.aws.moved")
        path.write_text(text.replace("from hallmark.aws import steps", "from hallmark.aws import moved"))
    before = len(server.actions(mutating=True))
    for done in (checkout.pulumi("refresh", "--yes", "--skip-preview"), checkout.up()):
        assert done.code == 0, done.text
    return server.actions(mutating=True)[before:]


def test_a_stack_outlives_a_move_of_its_steps_module(moved: list[str], checkout: Checkout, one: dict[str, Any]) -> None:
    assert moved == []
    assert _image(checkout) == one


# Another recipe, and back


@pytest.fixture(scope="module")
def two(checkout: Checkout, moved: list[str]) -> dict[str, Any]:
    _say(checkout, "two")
    done = checkout.up()
    assert done.code == 0, done.text
    return _image(checkout)


def test_a_changed_recipe_becomes_another_image_and_the_older_one_stays(
    one: dict[str, Any], two: dict[str, Any], server: Server
) -> None:
    assert two["ami"] != one["ami"]
    assert _channel(server) == two["ami"]
    assert set(holdings(server)["images"]) == {one["ami"], two["ami"]}
    assert tags_of(server, one["ami"])["hallmark:status"] == "released"


def test_an_ami_is_looked_into_once(two: dict[str, Any], server: Server) -> None:
    assert _machines(server) == 5


@pytest.fixture(scope="module")
def back(checkout: Checkout, two: dict[str, Any], server: Server) -> tuple[dict[str, Any], list[str]]:
    _say(checkout, "one")
    before = len(server.actions(mutating=True))
    done = checkout.up()
    assert done.code == 0, done.text
    return _image(checkout), server.actions(mutating=True)[before:]


def test_going_back_takes_up_the_accepted_image_without_a_machine(
    back: tuple[dict[str, Any], list[str]], one: dict[str, Any], server: Server
) -> None:
    image, calls = back
    assert image == one
    assert _channel(server) == one["ami"]
    assert not {"RunInstances", "CreateVpc", "RegisterImage", "CreateSnapshot", "StartSnapshot"} & set(calls)


# What refresh notices


@pytest.fixture(scope="module")
def vanished(checkout: Checkout, back: tuple[dict[str, Any], list[str]], server: Server) -> dict[str, Any]:
    """The outputs of the run after somebody has deregistered the released AMI."""
    server.client("ec2").deregister_image(ImageId=back[0]["ami"])
    done = checkout.up()
    assert done.code == 0, done.text
    return _image(checkout)


def test_a_vanished_ami_is_registered_anew_from_its_snapshot_and_judged(
    vanished: dict[str, Any], one: dict[str, Any], server: Server
) -> None:
    assert vanished["snapshot"] == one["snapshot"]
    assert vanished["ami"] != one["ami"]
    assert _channel(server) == vanished["ami"]
    assert _machines(server) == 6


# A candidate that is not fit


@pytest.fixture(scope="module")
def rejected(checkout: Checkout, vanished: dict[str, Any], guest: QuickGuest) -> Finished:
    def spoil(mode: str, results: Path) -> None:
        if mode == "accept":
            (results / "facts/system-state").write_text("degraded\n")

    guest.spoil = spoil
    _say(checkout, "three")
    return checkout.up()


def test_a_rejected_candidate_is_kept_marked_and_the_channel_stays(
    rejected: Finished, vanished: dict[str, Any], server: Server
) -> None:
    assert rejected.code == 6
    assert "expected the system to be running, it is degraded" in rejected.text
    assert _channel(server) == vanished["ami"]
    marks = [tags_of(server, ami).get("hallmark:verdict") for ami in holdings(server)["images"]]
    assert sorted(map(str, marks)) == ["accepted", "accepted", "rejected"]


@pytest.fixture(scope="module")
def again(checkout: Checkout, rejected: Finished, server: Server) -> tuple[Finished, int]:
    before = _machines(server)
    return checkout.up(), _machines(server) - before


def test_the_same_inputs_fail_at_once_naming_the_evidence(again: tuple[Finished, int], checkout: Checkout) -> None:
    done, machines = again
    assert done.code != 0
    assert machines == 0
    assert "was rejected" in done.text
    assert str(checkout.store.root / "evidence") in done.text


@pytest.fixture(scope="module")
def retried(checkout: Checkout, again: tuple[Finished, int], server: Server, guest: QuickGuest) -> dict[str, Any]:
    guest.spoil = None
    images = holdings(server)["images"]
    ami = next(one for one in images if tags_of(server, one)["hallmark:verdict"] == "rejected")
    assert f"hallmark retry {ami} --stack aws" in again[0].text
    done = checkout.hallmark("retry", ami, "--stack", "aws")
    assert done.code == 0, done.text
    done = checkout.up()
    assert done.code == 0, done.text
    return _image(checkout)


def test_a_retried_candidate_is_judged_anew(retried: dict[str, Any], server: Server) -> None:
    assert retried["accepted"] is True
    assert _channel(server) == retried["ami"]


# An image is judged later


@pytest.fixture(scope="module")
def judged(checkout: Checkout, retried: dict[str, Any], server: Server, guest: QuickGuest) -> tuple[Finished, int]:
    """The command's own tools are carried in; what ssh-audit says is made up."""
    judge, mirror = Judge(name="ssh-audit", least_score=0), find_mirror(None, None)
    root = PrivateRoot(checkout.cache, mirror)
    root.update()
    tools = fetch_tools((judge,), lambda: root, checkout.cache, pool_of(checkout.cache), checkout.root, print)
    assert tools is not None
    carried = tools.sha256
    guest.spoil = lambda _mode, results: write_report(results, judge, SSH_AUDIT, carried=carried)
    before = _machines(server)
    try:
        done = checkout.hallmark("judge", retried["ami"], "--stack", "aws", "--judge", "ssh-audit")
    finally:
        guest.spoil = None
    return done, _machines(server) - before


def test_an_ami_is_judged_later_in_a_network_that_is_gone_again(
    judged: tuple[Finished, int], retried: dict[str, Any], server: Server, gate: Gate, checkout: Checkout
) -> None:
    done, machines = judged
    assert done.code == 0, done.text
    assert "ssh-audit: 100 %" in done.text
    assert machines == 1
    assert sorted(holdings(server)) == ["images", "parameters", "snapshots"]
    assert gate.denied == []
    evidence = Path(retried["evidence"])
    assert (evidence / "judges/ssh-audit/ssh-audit.json").read_bytes() == SSH_AUDIT
    assert "ssh-audit" in (evidence / "index.md").read_text()
    assert not list((checkout.cache / "judge/state").rglob("*judge*.json"))


# A build that fails


@pytest.fixture(scope="module")
def failed(checkout: Checkout, retried: dict[str, Any], judged: tuple[Finished, int], guest: QuickGuest) -> Finished:
    def spoil(mode: str, results: Path) -> None:
        if mode == "build":
            (results / "controls/marker.exit").unlink()

    guest.spoil = spoil
    _say(checkout, "four")
    try:
        return checkout.up()
    finally:
        guest.spoil = None


def test_a_failed_build_keeps_its_evidence_and_makes_no_image(
    failed: Finished, retried: dict[str, Any], checkout: Checkout, server: Server
) -> None:
    assert failed.code == 5
    assert "marker" in failed.text
    assert len(checkout.store.failures("tiny")) == 1
    assert len(holdings(server)["images"]) == 3
    assert _channel(server) == retried["ami"]
    assert sorted(holdings(server)) == ["images", "parameters", "snapshots"]


# The stack's end


@pytest.fixture(scope="module")
def destroyed(checkout: Checkout, failed: Finished) -> Finished:
    return checkout.pulumi("destroy", "--yes")


def test_destroying_the_stack_keeps_images_and_channel_and_says_so(
    destroyed: Finished, retried: dict[str, Any], server: Server
) -> None:
    assert destroyed.code == 0, destroyed.text
    assert f"kept: image {retried['ami']}" in destroyed.text
    assert _channel(server) == retried["ami"]
    assert len(holdings(server)["images"]) == 3


def test_all_of_it_was_allowed(destroyed: Finished, gate: Gate) -> None:
    assert gate.denied == []
