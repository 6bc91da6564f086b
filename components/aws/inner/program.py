"""The inner program of an ephemeral stack: a network, the proof that it leads nowhere, and one machine in it.

The same for inventory, build and acceptance: what differs is in the arguments. `hallmark.engine.ephemeral` is handed it
by name (INNER_PROGRAM) and calls it with the arguments' JSON form.
"""

from __future__ import annotations

import base64
from typing import Any

import pulumi
import pulumi_aws as aws
from pydantic import BaseModel

from components.aws.inner.machine import BuildMachine, BuildMachineArgs
from components.aws.inner.network import BuildNetwork, BuildNetworkArgs
from components.aws.inner.read_back import NetworkReadBack
from hallmark.aws.settings import AwsSettings
from hallmark.common.validation import STRICT


class NetworkOrder(BaseModel):
    """The network of one isolated run. `run` is its id: a network left by an earlier run is read anew."""

    model_config = STRICT
    aws: AwsSettings
    run: str
    availability_zone: str
    tags: dict[str, str]


class MachineOrder(NetworkOrder):
    """One isolated run; `user_data` is base64."""

    ami: str
    instance_type: str
    root_gib: int
    kms_key: str
    media_snapshot: str
    user_data: str
    manifest: str
    deadline_seconds: int


def program(arguments: dict[str, Any]) -> dict[str, pulumi.Output[str]]:
    """Declare network, read-back and machine; the outputs that the driver needs."""
    order = MachineOrder.model_validate(arguments)
    ours, network, read_back = _network(order)
    machine = BuildMachine(
        "machine",
        BuildMachineArgs(
            network=network,
            read_back=read_back,
            settings=order.aws,
            ami=order.ami,
            instance_type=order.instance_type,
            root_gib=order.root_gib,
            kms_key=order.kms_key,
            media_snapshot=order.media_snapshot,
            user_data=base64.b64decode(order.user_data, validate=True),
            manifest=order.manifest,
            deadline_seconds=order.deadline_seconds,
            tags=order.tags,
        ),
        opts=ours,
    )
    after = NetworkReadBack(
        "network-read-back-after",
        vpc=network.vpc_id,
        run=order.run,
        settings=order.aws,
        machine=machine.instance_id,
        opts=pulumi.ResourceOptions(depends_on=[machine.powered_off]),
    )
    return {
        "instance": machine.instance_id,
        "root_volume": machine.root_volume,
        "results_snapshot": machine.results_snapshot,
        "outcome": machine.outcome,
        "network_proof": pulumi.Output.all(read_back.proof, after.proof).apply(_both),
    }


def network_program(arguments: dict[str, Any]) -> dict[str, pulumi.Output[str]]:
    """Declare network and read-back alone, for a trial (NETWORK_PROGRAM); the output is the proof."""
    _, _, read_back = _network(NetworkOrder.model_validate(arguments))
    return {"network_proof": read_back.proof}


def _network(order: NetworkOrder) -> tuple[pulumi.ResourceOptions, BuildNetwork, NetworkReadBack]:
    """The options that lead to the one provider, the network, and the proof that it leads nowhere."""
    provider = aws.Provider("aws", **order.aws.provider_args())
    ours = pulumi.ResourceOptions(providers=[provider])
    network = BuildNetwork(
        "network", BuildNetworkArgs(availability_zone=order.availability_zone, tags=order.tags), opts=ours
    )
    read_back = NetworkReadBack(
        "network-read-back",
        vpc=network.vpc_id,
        run=order.run,
        settings=order.aws,
        opts=pulumi.ResourceOptions(depends_on=network.closed),
    )
    return ours, network, read_back


def _both(proofs: list[str]) -> str:
    before, after = proofs
    return f"before the machine started:\n{before}\nafter it had powered off:\n{after}"
