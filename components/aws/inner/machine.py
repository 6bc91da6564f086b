"""One isolated machine: it starts in a proved network, works by itself, powers off, and leaves its results on a volume.

Part of the inner program of an ephemeral stack, used for inventory, build and acceptance alike. Nothing reaches the
machine but its disks and its user data; nothing comes back but the results partition of the carrier volume.
"""

from __future__ import annotations

import base64
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_command as command

from components.aws.inner.network import BuildNetwork
from components.aws.inner.read_back import NetworkReadBack
from hallmark.aws.settings import AwsSettings
from hallmark.aws.wait import OUTCOME
from hallmark.common.checkout import ROOT
from hallmark.common.errors import BuildError

TOKEN = "hallmark:index:BuildMachine"  # noqa: S105 -- a type's name
CARRIER_DEVICE = "/dev/sdf"
USER_DATA_LIMIT = 16384


@dataclass(frozen=True, kw_only=True)
class BuildMachineArgs:
    """What the machine is: its image, type, disks, key and user data, and how long it may run.

    `media_snapshot` holds the carrier (media and results partitions) and must be encrypted with `kms_key` already: a
    volume inherits that. `user_data` names the media's manifest by its hash. `deadline_seconds` is the host's own.
    """

    network: BuildNetwork
    read_back: NetworkReadBack
    settings: AwsSettings
    ami: pulumi.Input[str]
    instance_type: pulumi.Input[str]
    root_gib: pulumi.Input[int]
    kms_key: pulumi.Input[str]
    media_snapshot: pulumi.Input[str]
    user_data: bytes
    manifest: str
    deadline_seconds: int
    tags: Mapping[str, str]


class BuildMachine(pulumi.ComponentResource):
    """The machine, the wait for its power-off, and the snapshot of what it wrote."""

    instance_id: pulumi.Output[str]
    root_volume: pulumi.Output[str]
    results_snapshot: pulumi.Output[str]
    outcome: pulumi.Output[str]
    powered_off: pulumi.Resource

    def __init__(self, name: str, args: BuildMachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        _check_user_data(args.user_data, args.manifest)
        machine = self._machine(name, args)
        powered_off = command.local.Command(
            f"{name}-power-off",
            create=_waiting(machine.id, args),
            dir=str(ROOT),
            triggers=[machine.id],
            opts=pulumi.ResourceOptions(parent=self),
        )
        carrier = machine.ebs_block_devices.apply(_carrier_volume)
        results = aws.ebs.Snapshot(
            f"{name}-results",
            volume_id=carrier,
            description="Hallmark: what a machine reported",
            tags=dict(args.tags),
            # A region that is busy keeps snapshots pending for longer than the provider's ten minutes.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[powered_off], custom_timeouts=pulumi.CustomTimeouts(create="1h")
            ),
        )
        self.instance_id, self.powered_off = machine.id, powered_off
        # The volume is known early; whoever snapshots it must wait for the power-off.
        self.root_volume = pulumi.Output.all(machine.root_block_device.volume_id, powered_off.id).apply(
            lambda both: str(both[0])
        )
        self.results_snapshot = results.id
        self.outcome = powered_off.stdout.apply(_last_word)
        self.register_outputs(
            {
                "instance_id": self.instance_id,
                "root_volume": self.root_volume,
                "results_snapshot": self.results_snapshot,
                "outcome": self.outcome,
            }
        )

    def _machine(self, name: str, args: BuildMachineArgs) -> aws.ec2.Instance:
        tags = dict(args.tags)
        return aws.ec2.Instance(
            f"{name}-machine",
            ami=args.ami,
            instance_type=args.instance_type,
            subnet_id=args.network.subnet_id,
            vpc_security_group_ids=[args.network.security_group_id],
            # No key_name and no iam_instance_profile: nobody signs in, and IMDS has no credentials to give.
            associate_public_ip_address=False,
            source_dest_check=True,
            monitoring=False,
            metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=1,
                http_protocol_ipv6="disabled",
                instance_metadata_tags="disabled",
            ),
            # No instance_initiated_shutdown_behavior: "stop" is what RunInstances does unless told otherwise, and the
            # provider sets it once more after the start (ModifyInstanceAttribute), which no machine of ours may need.
            disable_api_termination=False,
            # A machine that AWS recovers would boot a half-patched disk again: rather let it fail.
            maintenance_options=aws.ec2.InstanceMaintenanceOptionsArgs(auto_recovery="disabled"),
            user_data_base64=base64.b64encode(args.user_data).decode(),
            user_data_replace_on_change=True,
            root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                encrypted=True,
                kms_key_id=args.kms_key,
                volume_type="gp3",
                volume_size=args.root_gib,
                delete_on_termination=True,
            ),
            # Its encryption is the snapshot's; the provider refuses to be told again.
            ebs_block_devices=[
                aws.ec2.InstanceEbsBlockDeviceArgs(
                    device_name=CARRIER_DEVICE,
                    snapshot_id=args.media_snapshot,
                    volume_type="gp3",
                    delete_on_termination=True,
                )
            ],
            # In the creating call: tags on the devices themselves come only after it.
            volume_tags=tags,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.network.closed, args.read_back]),
        )


def _waiting(instance: pulumi.Output[str], args: BuildMachineArgs) -> pulumi.Output[str]:
    """The command that ends at state `stopped`, or fails at the deadline; it gets region and ids, no credentials."""
    settings = args.settings.model_dump_json(exclude_defaults=True)
    words = [sys.executable, "-m", "hallmark.aws.wait", "--aws", settings, "--deadline", str(args.deadline_seconds)]
    return instance.apply(lambda id_: shlex.join([*words, "--instance", id_]))


def _carrier_volume(devices: Sequence[aws.ec2.outputs.InstanceEbsBlockDevice]) -> str:
    found = [device.volume_id for device in devices if device.device_name == CARRIER_DEVICE]
    if len(found) != 1 or not found[0]:
        raise BuildError(f"{CARRIER_DEVICE}: expected one volume attached there, got {len(found)}")
    return str(found[0])


def _last_word(printed: str) -> str:
    """How the machine ended, by the last line that the wait printed (hallmark.aws.wait.Outcome)."""
    last = printed.strip().rpartition("\n")[2]
    if not last.startswith(OUTCOME):
        raise BuildError(f"the wait for the machine: expected its outcome as its last line, got {last[:80]!r}")
    return last.removeprefix(OUTCOME)


def _check_user_data(data: bytes, manifest: str) -> None:
    if len(data) > USER_DATA_LIMIT:
        raise BuildError(f"user data: expected at most {USER_DATA_LIMIT} bytes, got {len(data)}; shorten bootstrap.sh")
    if manifest.encode() not in data:
        raise BuildError("user data: expected the hash of the media's manifest in it; the guest would trust no media")
