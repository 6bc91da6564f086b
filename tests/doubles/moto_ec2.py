"""EC2 and SSM's image parameters as the service has them, where moto is laxer.

Each point has a test that fails on bare moto (tests/doubles_selftest/test_moto_ec2.py).

- RegisterImage keeps what it is told: block devices, architecture, boot mode, ENA, IMDS, TPM; the name is unique,
  the snapshot exists and is completed, TPM needs UEFI. An AMI's snapshot cannot be deleted, and an AMI brings no
  snapshot of its own.
- RunInstances: the AMI must exist and fit the type's architecture; its block devices are merged with the request's;
  the client token counts; an AMI with `imds_support` v2.0 requires tokens; a KMS key that cannot be used ends the
  machine; vCPUs have a quota, which Service Quotas tells.
- `pending` before `running`, `stopping` before `stopped`, `shutting-down` before `terminated`; snapshots are
  `pending` first.
- A snapshot of a volume holds what its machine wrote, or what the volume was made from, for EBS direct to read.
- A terminated machine's network interface goes with it.
- The console of a machine that runs is told by `Latest` alone, and on Nitro; without it comes what was posted when it
  last stopped.
- A machine may power itself off (`power_off`), or its host fail (`host_failed`), and what plays the machines is told
  (`Rules.machines`).
- A new network ACL ends with `deny` for everything, both ways; one that does not exist is said to be no ACL.
- A VPC's default group cannot be deleted; groups, subnets and VPCs in use neither, nor a group that another one's
  rule names; a subnet's place in its ACL goes with it; VPCs have a quota.
- A parameter of data type `aws:ec2:image` is validated after the answer: until then there is no new value, and
  where it names no AMI never.

Not modelled: what packets do, capacity, throttling (faults are the server's, see server.py), permissions.
"""

from __future__ import annotations

import copy
import inspect
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ebs.models import ebs_backends
from moto.ec2.exceptions import EC2ClientError, InvalidRouteTableIdError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.models.instances import Instance, InstanceState, StateReason
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.responses.general import General
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.monitoring import Monitoring
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.utils import random_ami_id
from moto.kms.models import kms_backends
from moto.servicequotas.models import ServiceQuotasBackend
from moto.ssm.models import SimpleSystemManagerBackend

from tests.doubles import moto_ebs

IMAGE = "aws:ec2:image"
_GONE = {"shutting-down", "terminated"}


class Machines(Protocol):
    """What plays the machines: told when one is to start or to end, asked for its console."""

    def start(self, instance: Instance) -> None: ...
    def stop(self, instance: Instance) -> None: ...
    def console(self, instance: Instance) -> str: ...
    def contents(self, volume_id: str) -> Path | None: ...


@dataclass
class Rules:
    """How this EC2 behaves."""

    transition: float = 0.3  # seconds in pending, stopping, shutting-down
    vpc_quota: int = 5  # the default one counts
    vcpu_quota: int = 64
    validation: float = 0.3  # seconds until SSM has validated an image parameter
    machines: Machines | None = None
    clock: Callable[[], float] = time.monotonic


_rules = Rules()


def rules() -> Rules:
    """The rules in force."""
    return _rules


def _service_quota(original: Callable[..., Any]) -> Callable[..., Any]:
    def quota(self: Any, service_code: str, quota_code: str) -> Any:
        if (service_code, quota_code) == ("ec2", "L-1216C47A"):
            return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": float(_rules.vcpu_quota)}
        return original(self, service_code, quota_code)

    return quota


class LiveState(InstanceState):
    """A state that becomes another one when its time has come."""

    def __init__(self, name: str, code: int) -> None:
        self._next: tuple[str, int, float] | None = None
        super().__init__(name, code)

    def begin(self, name: str, code: int, then: str, then_code: int) -> None:
        """Be in a state in between."""
        self._name, self._code = name, code
        self._next = (then, then_code, _rules.clock() + _rules.transition)

    def _settle(self) -> None:
        if self._next and _rules.clock() >= self._next[2]:
            self._name, self._code, self._next = self._next[0], self._next[1], None

    @property
    def name(self) -> str:
        self._settle()
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name, self._next = value, None

    @property
    def code(self) -> int:
        self._settle()
        return self._code

    @code.setter
    def code(self, value: int) -> None:
        self._code = value


class SlowSnapshot(Snapshot):
    """A snapshot that is pending for a while."""

    _due: float = 0.0
    _status: str = "completed"

    @property
    def status(self) -> str:
        return "pending" if _rules.clock() < self._due else self._status

    @status.setter
    def status(self, value: str) -> None:
        self._status, self._due = value, 0.0

    def begin(self) -> None:
        """Be pending for as long as the rules say."""
        self._due = _rules.clock() + _rules.transition

    @property
    def progress(self) -> str:
        return "100%" if self.status == "completed" else "0%"


class RegisteredAmi(Ami):
    """An AMI as it was registered."""

    def __init__(self, backend: Any, asked: dict[str, Any]) -> None:
        self.ec2_backend = backend
        self.id = random_ami_id()
        self.asked = asked
        self.name, self.description = asked["Name"], asked.get("Description") or ""
        self.architecture = asked.get("Architecture") or "i386"
        self.boot_mode = asked.get("BootMode")  # type: ignore[assignment]
        self.ena_support = asked.get("EnaSupport") or False
        self.imds_support, self.tpm_support = asked.get("ImdsSupport"), asked.get("TpmSupport")
        self.root_device_name = asked.get("RootDeviceName") or ""
        self.sriov = self.sriov_net_support = asked.get("SriovNetSupport")  # type: ignore[assignment]
        self.virtualization_type = asked.get("VirtualizationType") or "paravirtual"
        self.state, self.image_type, self.hypervisor, self.root_device_type = "available", "machine", "xen", "ebs"
        self.owner_id, self.owner_alias, self.platform, self.kernel_id = backend.account_id, None, None, None
        self.platform_details, self.usage_operation = "Linux/UNIX", "RunInstances"
        self.image_location = f"{self.owner_id}/{self.name}"
        self.creation_date = utcnow()
        self.product_codes: set[str] = set()
        self.instance_id: str | None = None
        self.launch_permissions: list[dict[str, str]] = []

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """As registered, with the size of the snapshot where none was given."""
        return [
            {"DeviceName": one["DeviceName"], "Ebs": self._disk(one.get("Ebs") or {})}
            for one in self.asked.get("BlockDeviceMappings") or []
        ]

    def _disk(self, disk: dict[str, Any]) -> dict[str, Any]:
        snapshot = self.ec2_backend.snapshots.get(disk.get("SnapshotId"))
        size = disk.get("VolumeSize") or (snapshot.volume_size if snapshot else 8)
        return {
            "DeleteOnTermination": True,
            "VolumeType": "standard",
            "Encrypted": bool(snapshot and snapshot.encrypted),
            **disk,
            "VolumeSize": int(size),
        }

    def snapshots(self) -> list[str]:
        """The snapshots that it rests on."""
        return [one["Ebs"]["SnapshotId"] for one in self.block_device_mappings if one["Ebs"].get("SnapshotId")]


def register_image(self: AmisResponse) -> ActionResult:
    """RegisterImage with all that it is told."""
    self.error_on_dryrun()
    names = (
        "Name",
        "Description",
        "Architecture",
        "BootMode",
        "EnaSupport",
        "ImdsSupport",
        "TpmSupport",
        "RootDeviceName",
        "SriovNetSupport",
        "VirtualizationType",
        "BlockDeviceMappings",
        "UefiData",
        "TagSpecifications",
    )
    asked = {name: self._get_param(name) for name in names}
    backend: Any = self.ec2_backend
    _check_image(backend, asked)
    image = RegisteredAmi(backend, asked)
    backend.amis[image.id] = image
    for specification in asked["TagSpecifications"] or []:
        image.add_tags({tag["Key"]: tag["Value"] for tag in specification.get("Tags") or []})
    return ActionResult({"ImageId": image.id})


def _check_image(backend: Any, asked: dict[str, Any]) -> None:
    name = asked["Name"] or ""
    if not re.fullmatch(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}", name):
        raise EC2ClientError(
            "InvalidAMIName.Malformed",
            f"AMI names must be between 3 and 128 characters long of a few kinds, got '{name}'",
        )
    for other in backend.amis.values():
        if other.name == name and other.owner_id == backend.account_id:
            raise EC2ClientError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {other.id}")
    devices = {one["DeviceName"]: one.get("Ebs") or {} for one in asked["BlockDeviceMappings"] or []}
    if asked["RootDeviceName"] not in devices:
        raise EC2ClientError("InvalidBlockDeviceMapping", "The device mapping does not contain the root device")
    if not devices[asked["RootDeviceName"]].get("SnapshotId"):
        raise EC2ClientError("InvalidBlockDeviceMapping", "The root device needs a snapshot")
    if asked["TpmSupport"] and asked["BootMode"] != "uefi":
        raise EC2ClientError("InvalidParameterCombination", "TpmSupport requires BootMode uefi")
    for disk in devices.values():
        _check_disk(backend, disk)


def _check_disk(backend: Any, disk: dict[str, Any]) -> None:
    if not disk.get("SnapshotId"):
        return
    snapshot = backend.snapshots.get(disk["SnapshotId"])
    if snapshot is None:
        raise EC2ClientError("InvalidSnapshot.NotFound", f"The snapshot '{disk['SnapshotId']}' does not exist.")
    if snapshot.status != "completed":
        raise EC2ClientError("IncorrectState", f"The snapshot '{snapshot.id}' is not completed")
    if disk.get("VolumeSize") and int(disk["VolumeSize"]) < snapshot.volume_size:
        raise EC2ClientError(
            "InvalidBlockDeviceMapping",
            f"Volume of size {disk['VolumeSize']}GB is smaller than snapshot '{snapshot.id}', "
            f"expect size >= {snapshot.volume_size}GB",
        )


def _run_instances(original: Callable[..., Any]) -> Callable[..., Any]:
    def run(
        self: Any, image_id: str, count: int, user_data: Any, security_group_names: list[str], **kwargs: Any
    ) -> Any:
        if token := kwargs.get("client_token"):
            for reservation in self.reservations.values():
                if token != "ABCDE" and any(one.client_token == token for one in reservation.instances):
                    return reservation
        image = _image(self, image_id)
        _check_type(self, kwargs["instance_type"], image)
        if isinstance(image, RegisteredAmi):
            kwargs["block_device_mappings"] = merged(image, kwargs.get("block_device_mappings") or [])
            if image.imds_support:
                kwargs["metadata_options"] = {
                    "HttpTokens": "required",
                    "HttpPutResponseHopLimit": 2,
                    **(kwargs.get("metadata_options") or {}),
                }
        for mapping in kwargs.get("block_device_mappings") or []:
            _check_disk(self, mapping["Ebs"])
        usable = all(_key_usable(self, one["Ebs"].get("KmsKeyId")) for one in kwargs.get("block_device_mappings") or [])
        reservation = original(self, image_id, count, user_data, security_group_names, **kwargs)
        for instance in reservation.instances:
            _launch(instance, usable=usable)
        return reservation

    return run


def merged(image: RegisteredAmi, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An AMI's block devices with those of a request on top."""
    devices: dict[str, dict[str, Any]] = {one["DeviceName"]: copy.deepcopy(one) for one in image.block_device_mappings}
    for mapping in asked:
        given = {
            key: value
            for key, value in mapping["Ebs"].items()
            if value is not None and not (key == "Encrypted" and not value)
        }
        disk = {**devices.get(mapping["DeviceName"], {}).get("Ebs", {}), **given}
        devices[mapping["DeviceName"]] = {"DeviceName": mapping["DeviceName"], "Ebs": disk}
    return list(devices.values())


def _launch(instance: Instance, *, usable: bool) -> None:
    vcpus: int = instance.ec2_backend.describe_instance_types([instance.instance_type])[0]["VCpuInfo"]["DefaultVCpus"]
    instance.cpu_options = {"CoreCount": vcpus, "ThreadsPerCore": 1}  # type: ignore[attr-defined]
    state = LiveState("pending", 0)
    instance._state = state
    state.begin("pending", 0, "running", 16) if usable else state.begin("pending", 0, "terminated", 48)
    if not usable:
        instance.state_reason = StateReason("Client.InternalError: Client error on launch", "Client.InternalError")
    elif _rules.machines:
        _rules.machines.start(instance)


def _image(backend: Any, image_id: str) -> Any:
    found = backend.describe_images(ami_ids=[image_id])
    if not found:
        raise EC2ClientError("InvalidAMIID.Unavailable", f"The image id '[{image_id}]' is no longer available")
    return found[0]


def _check_type(backend: Any, kind: str, image: Any) -> None:
    types = backend.describe_instance_types([kind])
    supported = types[0]["ProcessorInfo"]["SupportedArchitectures"]
    if isinstance(image, RegisteredAmi) and image.architecture not in supported:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{', '.join(supported)}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the "
            "specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.",
        )
    running = [one.instance_type for one in backend.all_instances() if one.state not in (*_GONE, "stopped")]
    used = sum(backend.describe_instance_types([one])[0]["VCpuInfo"]["DefaultVCpus"] for one in [*running, kind])
    if used > _rules.vcpu_quota:
        raise EC2ClientError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {_rules.vcpu_quota} allows for "
            "the instance bucket that the "
            "specified instance type belongs to.",
        )


def _key_usable(backend: Any, key: str | None) -> bool:
    if not key:
        return True
    keys = kms_backends[backend.account_id][backend.region_name]
    found = [one for one in keys.keys.values() if key in (one.arn, one.id)]
    if key.startswith("alias/") or ":alias/" in key:
        return keys.alias_exists(key.rsplit(":", 1)[-1])
    return bool(found) and found[0].key_state == "Enabled"


def _stop(original: Callable[..., Any]) -> Callable[..., Any]:
    def stop(self: Instance) -> Any:
        if self.state in ("stopping", "stopped", *_GONE):
            return copy.copy(self._state)
        previous = InstanceState(self.state, self.state_code)
        original(self)
        _begin(self, "stopping", 64, "stopped", 80)
        if _rules.machines:
            _rules.machines.stop(self)
        return previous

    return stop


def _start(original: Callable[..., Any]) -> Callable[..., Any]:
    def start(self: Instance) -> Any:
        if self.state in ("stopping", *_GONE):
            raise EC2ClientError(
                "IncorrectInstanceState", f"The instance '{self.id}' is not in a state from which it can be started."
            )
        previous = InstanceState(self.state, self.state_code)
        original(self)
        _begin(self, "pending", 0, "running", 16)
        if _rules.machines:
            _rules.machines.start(self)
        return previous

    return start


def _terminate(original: Callable[..., Any]) -> Callable[..., Any]:
    def terminate(self: Instance) -> Any:
        if self.state in _GONE:
            return copy.copy(self._state)
        previous = InstanceState(self.state, self.state_code)
        if _rules.machines:
            _rules.machines.stop(self)
        original(self)
        if 0 in self.nics:
            self.ec2_backend.enis.pop(self.nics[0].id, None)  # the interface that came with it goes with it
        _begin(self, "shutting-down", 32, "terminated", 48)
        return previous

    return terminate


def _begin(instance: Instance, name: str, code: int, then: str, then_code: int) -> None:
    state = instance._state if isinstance(instance._state, LiveState) else LiveState(name, code)
    instance._state = state
    state.begin(name, code, then, then_code)


def power_off(instance: Instance) -> None:
    """The machine has powered itself off: it stops, or is terminated, as it was told at its start."""
    if instance.state in ("stopping", "stopped", *_GONE):
        return
    if instance.instance_initiated_shutdown_behavior == "terminate":
        instance.terminate()
    else:
        instance.stop()
    instance.state_reason = StateReason(
        "Client.InstanceInitiatedShutdown: Instance initiated shutdown", "Client.InstanceInitiatedShutdown"
    )


def host_failed(instance: Instance) -> None:
    """What the machine runs on has failed: AWS stops it."""
    if instance.state in ("stopping", "stopped", *_GONE):
        return
    instance.stop()
    instance.state_reason = StateReason(
        "Server.InternalError: Internal error on the host of the instance", "Server.InternalError"
    )


def get_console_output(self: General) -> ActionResult:
    """GetConsoleOutput: the last 64 KiB that the machine wrote; while it runs with `Latest` alone, and on Nitro."""
    instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
    latest = self._get_bool_param("Latest", False)
    kind = self.ec2_backend.describe_instance_types([instance.instance_type])[0]
    if latest and kind.get("Hypervisor") != "nitro":
        raise EC2ClientError("UnsupportedOperation", "This instance type does not support retrieving the latest output")
    posted = latest or instance.state not in ("pending", "running")
    text = _rules.machines.console(instance)[-65536:] if _rules.machines and posted else ""
    return ActionResult(
        {"InstanceId": instance.id, "Timestamp": utcnow(), "Output": Base64EncodedString.from_raw_string(text)}
    )


def monitor_instances(self: Monitoring) -> ActionResult:
    """MonitorInstances, which moto does not have: each machine's monitoring is on its way."""
    ids = self._get_param("InstanceIds", [])
    for instance in map(self.ec2_backend.get_instance, ids):
        instance.monitoring_state = "enabled"
    return ActionResult(
        {"InstanceMonitorings": [{"InstanceId": one, "Monitoring": {"State": "pending"}} for one in ids]}
    )


def _create_snapshot(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        snapshot = original(self, *args, **kwargs)
        snapshot.__dict__.pop("status", None)
        snapshot.__class__ = SlowSnapshot
        snapshot.kms_key_id = getattr(snapshot.volume, "kms_key_id", None)
        if snapshot.from_ami is None:
            snapshot.begin()
            _fill(self, snapshot)
        return snapshot

    return create


def _fill(backend: Any, snapshot: Any) -> None:
    """Give a volume's snapshot what is on the volume: what a machine wrote, or else what the volume was made from."""
    written = _rules.machines.contents(snapshot.volume.id) if _rules.machines else None
    ebs = ebs_backends[backend.account_id][backend.region_name]
    if written:
        moto_ebs.put_volume(snapshot.id, written, account=backend.account_id, region=backend.region_name)
    elif source := ebs.snapshots.get(snapshot.volume.snapshot_id):
        copied = moto_ebs.StrictSnapshot(backend.account_id, snapshot)
        copied.status, copied.blocks = "completed", dict(source.blocks)
        ebs.snapshots[snapshot.id] = copied


def _delete_snapshot(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(self: Any, snapshot_id: str) -> Any:
        for image in self.amis.values():
            if isinstance(image, RegisteredAmi) and snapshot_id in image.snapshots():
                raise EC2ClientError(
                    "InvalidSnapshot.InUse", f"The snapshot {snapshot_id} is currently in use by {image.id}"
                )
        return original(self, snapshot_id)

    return delete


def _create_vpc(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not kwargs.get("is_default") and len(self.vpcs) >= _rules.vpc_quota:
            raise EC2ClientError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
        return original(self, *args, **kwargs)

    return create


def _create_acl(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        acl = original(self, *args, **kwargs)
        if not acl.default:
            for egress in (True, False):
                nothing = dict.fromkeys(
                    ("icmp_code", "icmp_type", "port_range_from", "port_range_to", "ipv6_cidr_block")
                )
                self.create_network_acl_entry(acl.id, 32767, "-1", "deny", egress, "0.0.0.0/0", **nothing)
        return acl

    return create


def _describe_acls(original: Callable[..., Any]) -> Callable[..., Any]:
    def describe(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except InvalidRouteTableIdError as error:  # moto's word for it
            raise EC2ClientError("InvalidNetworkAclID.NotFound", "The networkAcl ID does not exist") from error

    return describe


def _delete_vpc(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(self: Any, vpc_id: str) -> Any:
        groups = [one for one in self.groups.get(vpc_id, {}).values() if not one.is_default]
        acls = [one for one in self.network_acls.values() if one.vpc_id == vpc_id and not one.default]
        gateways = [one for one in self.internet_gateways.values() if one.vpc and one.vpc.id == vpc_id]
        if groups or acls or gateways:
            raise EC2ClientError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        gone = original(self, vpc_id)
        for acl in [one.id for one in self.network_acls.values() if one.vpc_id == vpc_id]:
            self.network_acls.pop(acl)
        return gone

    return delete


def _delete_subnet(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(self: Any, subnet_id: str) -> Any:
        if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
            raise EC2ClientError(
                "DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            )
        gone = original(self, subnet_id)
        for acl in self.network_acls.values():
            for key in [key for key, one in acl._associations.items() if one.subnet_id == subnet_id]:
                del acl._associations[key]
        return gone

    return delete


def _delete_security_group(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(self: SecurityGroups) -> Any:
        backend: Any = self.ec2_backend
        group = backend.get_security_group_from_id(self._get_param("GroupId") or "")
        if group and group.name == "default":
            raise EC2ClientError(
                "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            )
        if group and any(group.id in {one.id for one in eni.group_set} for eni in backend.enis.values()):
            raise EC2ClientError("DependencyViolation", f"resource {group.id} has a dependent object")
        if group and any(_names(other, group.id) for other in backend.groups[group.vpc_id].values() if other != group):
            raise EC2ClientError("DependencyViolation", f"resource {group.id} has a dependent object")
        return original(self)

    return delete


def _names(group: Any, other: str) -> bool:
    """Whether a rule of a group refers to another one."""
    rules = [*group.ingress_rules, *group.egress_rules]
    return any(rule.source_group.get("GroupId") == other for rule in rules)


def _settle_parameters(backend: Any) -> None:
    waiting: list[tuple[float, dict[str, Any]]] = backend.__dict__.setdefault("_validating", [])
    for due, asked in list(waiting):
        if _rules.clock() >= due:
            waiting.remove((due, asked))
            images = ec2_backends[backend.account_id][backend.region_name].amis
            if asked["value"] in images and images[asked["value"]].state == "available":
                _ORIGINAL_PUT(backend, **asked)


_ORIGINAL_PUT: Callable[..., Any] = SimpleSystemManagerBackend.put_parameter


def _put_parameter(self: Any, *args: Any, **kwargs: Any) -> Any:
    _settle_parameters(self)
    asked = inspect.signature(_ORIGINAL_PUT).bind(self, *args, **kwargs).arguments
    asked.pop("self")
    versions = self._parameters.get(asked["name"]) or []
    kind = asked["data_type"] if not versions else versions[-1].data_type
    if kind != IMAGE or (versions and not asked["overwrite"]):
        return _ORIGINAL_PUT(self, **asked)
    self._validating.append((_rules.clock() + _rules.validation, {**asked, "data_type": IMAGE}))
    return SimpleNamespace(version=versions[-1].version + 1 if versions else 1, tier=asked["tier"] or "Standard")


def _settled(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        _settle_parameters(self)
        return original(self, *args, **kwargs)

    return call


def _modify_image(original: Callable[..., Any]) -> Callable[..., Any]:
    def modify(self: AmisResponse) -> Any:
        text = (
            (self._get_param("Description") or {}).get("Value")
            if isinstance(self._get_param("Description"), dict)
            else None
        )
        if text is not None:
            _image(self.ec2_backend, self._get_param("ImageId")).description = text
        return original(self)

    return modify


def _check_mapping(device_mapping: dict[str, Any]) -> None:
    """A mapping may leave out size and snapshot: it then has them from the AMI (or fails without)."""


_WRAPPED: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (EC2Backend, "run_instances", _run_instances),
    (EC2Backend, "create_snapshot", _create_snapshot),
    (EC2Backend, "delete_snapshot", _delete_snapshot),
    (EC2Backend, "create_vpc", _create_vpc),
    (EC2Backend, "create_network_acl", _create_acl),
    (EC2Backend, "describe_network_acls", _describe_acls),
    (EC2Backend, "delete_vpc", _delete_vpc),
    (EC2Backend, "delete_subnet", _delete_subnet),
    (Instance, "stop", _stop),
    (Instance, "start", _start),
    (Instance, "terminate", _terminate),
    (SecurityGroups, "delete_security_group", _delete_security_group),
    (AmisResponse, "modify_image_attribute", _modify_image),
    (ServiceQuotasBackend, "get_service_quota", _service_quota),
    (SimpleSystemManagerBackend, "get_parameters", _settled),
    (SimpleSystemManagerBackend, "get_parameter", _settled),
    (SimpleSystemManagerBackend, "describe_parameters", _settled),
    (SimpleSystemManagerBackend, "delete_parameter", _settled),
)


@contextmanager
def extended(rules: Rules | None = None) -> Iterator[Rules]:
    """Let moto in this process be as strict as the service, by these rules."""
    global _rules  # noqa: PLW0603
    before, _rules = _rules, rules or Rules()
    with ExitStack() as stack:
        for owner, name, wrap in _WRAPPED:
            stack.enter_context(patch.object(owner, name, wrap(getattr(owner, name))))
        stack.enter_context(patch.object(AmisResponse, "register_image", register_image))
        stack.enter_context(
            patch.object(InstanceResponse, "_validate_block_device_mapping", staticmethod(_check_mapping))
        )
        stack.enter_context(patch.object(General, "get_console_output", get_console_output))
        stack.enter_context(patch.object(Monitoring, "monitor_instances", monitor_instances))
        stack.enter_context(patch.object(SimpleSystemManagerBackend, "put_parameter", _put_parameter))
        try:
            yield _rules
        finally:
            _rules = before
