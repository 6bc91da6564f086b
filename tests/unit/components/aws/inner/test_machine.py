"""The build machine: nobody can sign in, it has nothing to give away, and it starts only in a proved network."""

from __future__ import annotations

import base64
import shlex
from typing import Any

import pulumi
import pytest

from components.aws.inner.machine import CARRIER_DEVICE, USER_DATA_LIMIT, BuildMachine, BuildMachineArgs
from components.aws.inner.network import BuildNetwork, BuildNetworkArgs
from components.aws.inner.read_back import NetworkReadBack
from hallmark.aws.settings import AwsSettings
from hallmark.common.errors import BuildError
from tests.support.recorded import AMI, CARRIER_VOLUME, ROOT_VOLUME, Recorded, declare

TAGS = {"hallmark:managed": "true", "hallmark:build": "b1"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
MANIFEST = "a" * 64
USER_DATA = f"#!/bin/sh\nHALLMARK_MANIFEST={MANIFEST}\n".encode()
SETTINGS = AwsSettings(region="eu-central-1", profile="builder")


def program(user_data: bytes = USER_DATA) -> pulumi.Output[Any]:
    network = BuildNetwork("net", BuildNetworkArgs(availability_zone="eu-central-1a", tags=TAGS))
    opts = pulumi.ResourceOptions(depends_on=network.closed)
    read_back = NetworkReadBack("read-back", vpc=network.vpc_id, run="1", settings=SETTINGS, opts=opts)
    machine = BuildMachine(
        "m",
        BuildMachineArgs(
            network=network,
            read_back=read_back,
            settings=SETTINGS,
            ami=AMI,
            instance_type="t3.medium",
            root_gib=8,
            kms_key=KEY,
            media_snapshot="snap-0media",
            user_data=user_data,
            manifest=MANIFEST,
            deadline_seconds=3720,
            tags=TAGS,
        ),
    )
    return pulumi.Output.all(machine.instance_id, machine.root_volume, machine.results_snapshot)


@pytest.fixture(scope="module")
def declared() -> tuple[Recorded, list[str]]:
    recorded, value = declare(program)
    return recorded, value


@pytest.fixture(scope="module")
def instance(declared: tuple[Recorded, list[str]]) -> dict[str, Any]:
    return declared[0].inputs("m-machine")


def test_nobody_can_sign_in_and_it_has_no_role(instance: dict[str, Any]) -> None:
    assert not {"keyName", "iamInstanceProfile", "getPasswordData", "userData"} & instance.keys()


def test_it_has_one_interface_in_the_build_network_and_no_public_address(instance: dict[str, Any]) -> None:
    assert instance["associatePublicIpAddress"] is False
    assert instance["subnetId"] == "net-subnet-id"
    assert instance["vpcSecurityGroupIds"] == ["net-group-id"]
    more = {"networkInterfaces", "primaryNetworkInterface", "ipv6Addresses", "ipv6AddressCount", "securityGroups"}
    assert not more & instance.keys()


def test_its_metadata_service_asks_for_a_token_and_answers_the_machine_alone(instance: dict[str, Any]) -> None:
    assert instance["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "httpProtocolIpv6": "disabled",
        "instanceMetadataTags": "disabled",
    }


def test_its_root_is_encrypted_with_the_stacks_own_key(instance: dict[str, Any]) -> None:
    root = instance["rootBlockDevice"]
    assert (root["encrypted"], root["kmsKeyId"], root["volumeType"]) == (True, KEY, "gp3")
    assert (root["volumeSize"], root["deleteOnTermination"]) == (8, True)


def test_its_carrier_comes_from_the_media_snapshot_and_goes_with_it(instance: dict[str, Any]) -> None:
    assert instance["ebsBlockDevices"] == [
        {
            "deviceName": CARRIER_DEVICE,
            "snapshotId": "snap-0media",
            "volumeType": "gp3",
            "deleteOnTermination": True,
        }
    ]


def test_machine_and_volumes_are_tagged_in_the_creating_call(instance: dict[str, Any]) -> None:
    assert (instance["tags"], instance["volumeTags"]) == (TAGS, TAGS)
    assert "tags" not in instance["rootBlockDevice"]


def test_power_off_means_stopped_and_aws_does_not_revive_it(instance: dict[str, Any]) -> None:
    assert "instanceInitiatedShutdownBehavior" not in instance  # "stop" is the default; naming it takes a call more
    assert instance["maintenanceOptions"] == {"autoRecovery": "disabled"}
    assert instance["disableApiTermination"] is False


def test_its_user_data_carries_the_manifests_hash(instance: dict[str, Any]) -> None:
    data = base64.b64decode(instance["userDataBase64"])
    assert MANIFEST.encode() in data
    assert len(data) <= USER_DATA_LIMIT
    assert instance["userDataReplaceOnChange"] is True


def test_it_starts_only_after_acl_groups_and_read_back(declared: tuple[Recorded, list[str]]) -> None:
    needed = {"net-acl-association", "net-default-group", "net-group", "read-back"}
    assert needed <= declared[0].dependencies("m-machine")


def test_the_wait_gets_region_and_ids_and_no_credentials(declared: tuple[Recorded, list[str]]) -> None:
    wait = declared[0].inputs("m-power-off")
    words = shlex.split(wait["create"])
    assert words[1:3] == ["-m", "hallmark.aws.wait"]
    assert words[words.index("--instance") + 1] == "m-machine-id"
    assert words[words.index("--deadline") + 1] == "3720"
    assert words[words.index("--aws") + 1] == '{"region":"eu-central-1","profile":"builder"}'
    assert "environment" not in wait


def test_the_results_are_snapshotted_after_the_power_off(declared: tuple[Recorded, list[str]]) -> None:
    assert declared[0].inputs("m-results")["volumeId"] == CARRIER_VOLUME
    assert "m-power-off" in declared[0].dependencies("m-results")


def test_a_snapshot_that_stays_pending_for_long_is_waited_for(declared: tuple[Recorded, list[str]]) -> None:
    """The provider's own time-out is ten minutes (ebs_snapshot.go)."""
    assert declared[0].options["m-results"].customTimeouts.create == "1h"


def test_its_outputs_are_what_the_driver_needs(declared: tuple[Recorded, list[str]]) -> None:
    assert declared[1] == ["m-machine-id", ROOT_VOLUME, "m-results-id"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (USER_DATA + b"#" * USER_DATA_LIMIT, f"user data: expected at most {USER_DATA_LIMIT} bytes, got "),
        (b"#!/bin/sh\n", "user data: expected the hash of the media's manifest in it"),
    ],
)
def test_user_data_that_would_not_do_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        declare(lambda: program(data))
