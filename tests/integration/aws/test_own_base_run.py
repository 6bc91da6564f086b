"""A stack on AWS that starts from a base of our own: the real engine, program and base, machines that answer at once.

The disk is the very one that a stack on `local` starts from: it comes out of the same cache, or is built. What the
guests say is made up (quick_guest.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hallmark.base.base import BasePlan, find_base, load_base_plan
from hallmark.base.disk import unpack
from hallmark.common.fingerprint import hash_file
from hallmark.debian.inventory import parse_status
from hallmark.order.order import Order
from tests.doubles import moto_ebs
from tests.doubles.moto_ec2 import Rules
from tests.doubles.permissions import Gate, documented, held_to
from tests.doubles.quick_guest import QuickGuest
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import ACCOUNT, REGION, Server, running
from tests.e2e.checkout import Checkout, Finished
from tests.e2e.conftest import MakeCheckout, make_scratch, shared_cache
from tests.support.aws.checkout import holdings, tags_of, use_account

__all__ = ["make_scratch", "shared_cache"]


@pytest.fixture(scope="module")
def checkout(make_scratch: MakeCheckout) -> Checkout:
    return make_scratch("own")


@pytest.fixture(scope="module")
def server(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    guest = QuickGuest(cache=checkout.cache, status="", scratch=tmp_path_factory.mktemp("guests"))
    with running(Rules(machines=QuickMachines(writes=guest))) as server:
        yield server


@pytest.fixture(scope="module")
def gate(checkout: Checkout, server: Server) -> Iterator[Gate]:
    key = use_account(checkout, server, "")
    checkout.configure(baseAmi={"build": True})
    with held_to(server, documented("pipeline.json", kms_key=key)) as gate:
        yield gate


@pytest.fixture(scope="module")
def previewed(checkout: Checkout, gate: Gate) -> Finished:
    checkout.init()
    return checkout.pulumi("preview", "--diff")


@pytest.fixture(scope="module")
def one(checkout: Checkout, previewed: Finished) -> dict[str, Any]:
    done = checkout.up()
    assert done.code == 0, done.text
    return image_of(checkout)


def image_of(checkout: Checkout) -> dict[str, Any]:
    found: dict[str, Any] = checkout.outputs()["images"]["tiny"]
    return found


def plan_of(checkout: Checkout) -> BasePlan:
    newest = max(checkout.cache.glob("plans/base-*.json"), key=lambda path: path.stat().st_mtime_ns)
    return load_base_plan(newest)


def base_in(server: Server) -> str:
    """The account's one AMI that images start from."""
    (ami,) = [ami for ami in holdings(server)["images"] if tags_of(server, ami)["hallmark:use"] == "base"]
    return ami


def test_the_first_preview_names_packages_and_cves_and_makes_nothing(
    previewed: Finished, checkout: Checkout, server: Server
) -> None:
    assert previewed.code == 0, previewed.text
    assert "has not been looked into" not in previewed.text
    assert "patches:\n" in previewed.text
    assert "CVE-" in previewed.text
    assert f"base-files {parse_status(plan_of(checkout).status).version_of('base-files')}" in previewed.text
    assert holdings(server) == {}


def test_two_machines_ran_and_none_for_an_inventory(one: dict[str, Any], server: Server) -> None:
    ran = [row for found in server.client("ec2").describe_instances()["Reservations"] for row in found["Instances"]]
    assert len(ran) == 2
    assert ran[0]["ImageId"] == base_in(server)
    assert one["accepted"] is True


def test_the_ami_has_the_bits_that_local_starts_from(
    one: dict[str, Any], checkout: Checkout, server: Server, tmp_path: Path
) -> None:
    base = find_base(plan_of(checkout).fingerprint, checkout.cache)
    assert base is not None
    unpack(base.disk, tmp_path / "local.raw")
    row = server.client("ec2").describe_images(ImageIds=[base_in(server)])["Images"][0]
    ebs = row["BlockDeviceMappings"][0]["Ebs"]
    assert (tmp_path / "local.raw").stat().st_size == ebs["VolumeSize"] << 30
    snapshot = ebs["SnapshotId"]
    moto_ebs.write_disk(snapshot, tmp_path / "aws.raw", gib=ebs["VolumeSize"], account=ACCOUNT, region=REGION)
    assert hash_file(tmp_path / "aws.raw") == hash_file(tmp_path / "local.raw")


def test_base_and_lock_are_those_of_local(one: dict[str, Any], checkout: Checkout) -> None:
    order = Order.model_validate_json((Path(one["evidence"]) / "order.json").read_text())
    here = plan_of(checkout)
    assert order.base == here.fingerprint
    assert {name for name, _, _ in order.inventory} == {package.name for package in parse_status(here.status).packages}


def test_an_unchanged_stack_changes_nothing(one: dict[str, Any], checkout: Checkout, server: Server) -> None:
    before = len(server.actions(mutating=True))
    again = checkout.up()
    assert again.code == 0, again.text
    assert server.actions(mutating=True)[before:] == []
    assert image_of(checkout) == one


@pytest.fixture(scope="module")
def lost(one: dict[str, Any], checkout: Checkout, server: Server) -> list[str]:
    """The changing calls of a run after the state was lost."""
    state = checkout.root / ".hallmark/state/.pulumi/stacks/hallmark/aws.json"
    state.unlink()
    before = len(server.actions(mutating=True))
    done = checkout.up()
    assert done.code == 0, done.text
    return server.actions(mutating=True)[before:]


def test_a_state_that_was_lost_finds_the_base_again(
    lost: list[str], one: dict[str, Any], checkout: Checkout, server: Server
) -> None:
    assert image_of(checkout)["ami"] == one["ami"]
    assert not {"RunInstances", "RegisterImage", "StartSnapshot", "PutSnapshotBlock"} & set(lost)
    assert sorted(holdings(server)["images"]) == sorted([base_in(server), one["ami"]])


def test_destroying_the_stack_keeps_the_base_and_says_so(
    lost: list[str], checkout: Checkout, server: Server, gate: Gate
) -> None:
    ami = base_in(server)
    done = checkout.pulumi("destroy", "--yes")
    assert done.code == 0, done.text
    assert f"kept: base {ami}" in done.text
    assert base_in(server) == ami
    assert gate.denied == []
