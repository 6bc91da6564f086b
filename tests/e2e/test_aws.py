"""The whole on AWS, with real guests: from a base AMI to a released, accepted one, and what the account holds then.

The real engine, program and image scripts; QEMU as the machines, which look like EC2's, so cloud-init's own EC2 data
source, DHCP and the probe of the isolation are the real ones. The account is moto made strict, held to docs/iam; the
plugins are doubles, unless the real ones are on PATH.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hallmark.order.order import Order
from hallmark.verdict.observed import read_inventory
from tests.doubles.moto_ec2 import Rules
from tests.doubles.permissions import Gate, documented, held_to
from tests.doubles.qemu_machines import QemuMachines, register_disk
from tests.doubles.server import ACCOUNT, REGION, Server, running
from tests.e2e.checkout import Checkout, Finished
from tests.e2e.conftest import MakeCheckout
from tests.e2e.patched_base import NamedDisk
from tests.support.aws.checkout import holdings, tags_of, use_account

RESTING = "/hallmark/tiny/stable"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with (
        QemuMachines(work=tmp_path_factory.mktemp("machines")) as machines,
        running(Rules(machines=machines)) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def base(server: Server, patched_base: NamedDisk, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The AMI to start from: Debian 13 with nothing outstanding, as a user's own."""
    copy = tmp_path_factory.mktemp("base") / "disk.qcow2"
    shutil.copyfile(patched_base.disk, copy)
    return register_disk(server.client("ec2"), copy, name="debian-13", account=ACCOUNT, region=REGION)


@pytest.fixture(scope="module")
def checkout(make_scratch: MakeCheckout) -> Checkout:
    return make_scratch("aws")


@pytest.fixture(scope="module")
def gate(checkout: Checkout, server: Server, base: str) -> Iterator[Gate]:
    key = use_account(checkout, server, base)
    with held_to(server, documented("pipeline.json", kms_key=key)) as gate:
        yield gate


@pytest.fixture(scope="module")
def first(checkout: Checkout, gate: Gate) -> Finished:
    return checkout.up()


@pytest.fixture(scope="module")
def released(checkout: Checkout, first: Finished) -> dict[str, Any]:
    assert first.code == 0, first.text
    found: dict[str, Any] = checkout.outputs()["images"]["tiny"]
    return found


@pytest.fixture(scope="module")
def evidence(released: dict[str, Any]) -> Path:
    return Path(released["evidence"])


def test_an_accepted_image_is_released(released: dict[str, Any], server: Server) -> None:
    assert released["accepted"] is True
    assert server.client("ssm").get_parameter(Name=RESTING)["Parameter"]["Value"] == released["ami"]
    tags = tags_of(server, released["ami"])
    assert (tags["hallmark:verdict"], tags["hallmark:status"]) == ("accepted", "released")


def test_nothing_is_left_but_image_channel_and_media(released: dict[str, Any], server: Server) -> None:
    left = holdings(server)
    assert left.pop("images") == [released["ami"]]
    assert left.pop("parameters") == [RESTING]
    snapshots = left.pop("snapshots")
    assert released["snapshot"] in snapshots
    media = [tags_of(server, one).get("hallmark:content") for one in snapshots if one != released["snapshot"]]
    assert len(media) == 3
    assert all(media)
    assert left == {}


@pytest.mark.parametrize("name", ["build/isolation.txt", "build/isolation-after.txt", "acceptance/isolation.txt"])
def test_the_guest_found_the_link_local_services_and_nothing_else(evidence: Path, name: str) -> None:
    report = (evidence / name).read_text()
    assert report.startswith("expected: imds\n")
    assert report.endswith("all probed\n")
    assert "SURPRISE" not in report


@pytest.mark.parametrize("name", ["isolation-network.txt", "acceptance-isolation-network.txt"])
def test_the_network_was_read_back_before_each_machine(evidence: Path, name: str) -> None:
    proof = (evidence / name).read_text()
    assert "resolver: off\nroutes: local\n" in proof
    assert "interfaces before the machine: none\n" in proof


def test_the_image_holds_the_packages_of_base_and_lock(evidence: Path) -> None:
    order = Order.model_validate_json((evidence / "order.json").read_text())
    assert set(read_inventory(evidence / "acceptance/inventory-acceptance.tsv")) == set(order.expected())


def test_each_control_was_checked_twice(evidence: Path) -> None:
    for phase in ("build", "acceptance"):
        assert {path.stem for path in (evidence / phase / "controls").glob("*.exit")} == {"marker", "packages-locked"}


def test_the_candidate_booted_as_a_machine_on_ec2_does(evidence: Path) -> None:
    facts = evidence / "acceptance/facts"
    assert (facts / "system-state").read_text() == "running\n"
    assert json.loads((facts / "cloud-init.json").read_text())["datasource"] == "ec2local"
    assert (facts / "host-keys").read_text().count("\n") >= 1


def test_each_use_had_one_machine_and_its_progress_reached_the_terminal(first: Finished, server: Server) -> None:
    for words in ("inventory: power-on", "build: power-on", "accept: power-on"):
        assert first.lines(words)
    assert server.actions().count("RunInstances") == 1 + 3  # the preflight's dry run, and three machines


def test_the_run_needed_no_more_than_its_policy_allows(released: dict[str, Any], gate: Gate) -> None:
    assert gate.denied == []
    assert {"ec2:RunInstances", "ec2:RegisterImage", "ssm:PutParameter", "ebs:PutSnapshotBlock"} <= gate.used


def test_an_unchanged_stack_makes_nothing(checkout: Checkout, released: dict[str, Any], server: Server) -> None:
    before = len(server.actions(mutating=True))
    again = checkout.up()
    assert again.code == 0, again.text
    assert "unchanged" in again.text
    assert server.actions(mutating=True)[before:] == []
    assert checkout.outputs()["images"]["tiny"] == released
