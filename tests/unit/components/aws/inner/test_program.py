"""The inner program: one provider for all, no machine without the proof, and the outputs that a driver needs."""

from __future__ import annotations

import base64
from typing import Any

import pulumi
import pytest

from components.aws.inner.program import MachineOrder, program
from components.providers import INNER_PROGRAM
from hallmark.aws.settings import AwsSettings
from hallmark.engine.ephemeral import Inner
from tests.support.recorded import AMI, ROOT_VOLUME, Recorded, declare

MANIFEST = "a" * 64
ORDER = MachineOrder(
    aws=AwsSettings(region="eu-central-1", profile="builder", endpoints={"ec2": "http://127.0.0.1:5000"}),
    run="run-1",
    availability_zone="eu-central-1a",
    ami=AMI,
    instance_type="t3.medium",
    root_gib=8,
    kms_key="arn:aws:kms:eu-central-1:123456789012:key/k",
    media_snapshot="snap-0media",
    user_data=base64.b64encode(f"#!/bin/sh\n{MANIFEST}\n".encode()).decode(),
    manifest=MANIFEST,
    deadline_seconds=60,
    tags={"hallmark:managed": "true"},
)


@pytest.fixture(scope="module")
def declared() -> tuple[Recorded, dict[str, Any]]:
    return declare(lambda: pulumi.Output.all(**program(ORDER.model_dump(mode="json"))))


def test_the_outputs_are_what_the_driver_needs(declared: tuple[Recorded, dict[str, Any]]) -> None:
    outputs = declared[1]
    assert outputs["root_volume"] == ROOT_VOLUME
    assert outputs["instance"] == "machine-machine-id"
    assert outputs["results_snapshot"] == "machine-results-id"
    assert "network_proof" in outputs


def test_everything_goes_through_the_one_provider_of_the_settings(declared: tuple[Recorded, dict[str, Any]]) -> None:
    recorded = declared[0]
    assert recorded.inputs("aws")["region"] == "eu-central-1"
    assert recorded.inputs("aws")["profile"] == "builder"
    made = [name for name, (kind, _) in recorded.resources.items() if kind.startswith("aws:")]
    assert len(made) >= 8
    assert {recorded.options[name].provider.split("::")[-2] for name in made} == {"aws"}


def test_no_machine_without_the_proof(declared: tuple[Recorded, dict[str, Any]]) -> None:
    assert "network-read-back" in declared[0].dependencies("machine-machine")
    assert {"network-acl-association", "network-default-group"} <= declared[0].dependencies("network-read-back")


def test_the_network_is_read_again_when_the_machine_has_powered_off(declared: tuple[Recorded, dict[str, Any]]) -> None:
    recorded = declared[0]
    assert recorded.inputs("network-read-back-after")["machine"] == "machine-machine-id"
    assert "machine-power-off" in recorded.dependencies("network-read-back-after")


def test_the_address_that_the_steps_are_given_is_the_programs() -> None:
    """A string is no import: this is the one place that holds it to the function (import-linter cannot)."""
    assert f"{program.__module__}:{program.__qualname__}" == INNER_PROGRAM


def test_the_ephemeral_stack_takes_its_name() -> None:
    Inner(
        project="hallmark-inner",
        name="x-build",
        program=INNER_PROGRAM,
        arguments=ORDER.model_dump(mode="json"),
        backend="file:///state",
        secrets_provider="passphrase",
        work="/work",  # type: ignore[arg-type]
    ).check()
