"""Before anything is created: may we, is there room, and do image, type and key fit? One clear error each.

Everything here only reads, but for one `RunInstances` as a dry run, which tells whether it would be allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from hallmark.aws.base import BaseAmi, check_base
from hallmark.aws.errors import code_of, explain, translate_aws_errors
from hallmark.aws.session import Aws
from hallmark.common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeInfoTypeDef

VPC_QUOTA = "L-F678F1CE"
VCPU_QUOTA = "L-1216C47A"
"""On-demand machines of the standard families; other families have quotas of their own, which EC2 alone judges."""
_STANDARD = frozenset("acdhimrtz")
_NOT_STANDARD = ("dl", "hpc", "mac", "inf", "trn", "u-")
# What a dry run may answer besides "it would have worked": an account without a default VPC has no subnet to offer, and
# that is no matter, since each machine brings its own.
_FINE = ("DryRunOperation", "VPCIdNotSpecified", "MissingInput")


@dataclass(frozen=True, kw_only=True, slots=True)
class PreflightRequest:
    """The machine to be run: its base, its type, the stack's key (id, ARN or alias) and the tags it will have."""

    base: BaseAmi
    instance_type: str
    kms_key: str
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class PreflightResult:
    """What the preflight found: the account, the key's ARN, the zones that offer the type, how many VPCs more fit."""

    account: str
    kms_key: str
    zones: tuple[str, ...]
    room: int


def run_preflight(aws: Aws, request: PreflightRequest) -> PreflightResult:
    """Look at credentials, base, type, key, quotas, permissions, in this order; AwsError for the first that fails."""
    account = check_credentials(aws)
    check_base(request.base)
    vcpus = check_type(aws, request.instance_type, request.base)
    zones = find_zones(aws, request.instance_type)
    key = check_key(aws, request.kms_key)
    room = find_room(aws, account)
    check_vcpus(aws, request.instance_type, vcpus)
    check_run(aws, request, key)
    return PreflightResult(account=account, kms_key=key, zones=zones, room=room)


def check_credentials(aws: Aws) -> str:
    """The id of the account that the credentials belong to."""
    with translate_aws_errors(aws.settings, "credentials"):
        account = aws.sts.get_caller_identity()["Account"]
        # STS answers for regions that are not enabled; EC2 does not.
        aws.ec2.describe_availability_zones()
    return account


def check_type(aws: Aws, instance_type: str, base: BaseAmi) -> int:
    """Whether the type exists here and can run the base (architecture, boot mode); how many vCPUs it has."""
    with translate_aws_errors(aws.settings, f"instance type {instance_type}"):
        try:
            rows = aws.ec2.describe_instance_types(InstanceTypes=[instance_type])["InstanceTypes"]  # type: ignore[list-item]
        except ClientError as error:
            if code_of(error) not in ("InvalidInstanceType", "InvalidParameterValue"):
                raise
            rows = []
    if not rows:
        raise AwsError(f"instance type {instance_type}: not offered in {aws.settings.region}; choose another type")
    _check_fit(rows[0], instance_type, base)
    return rows[0].get("VCpuInfo", {}).get("DefaultVCpus", 0)


def _check_fit(row: InstanceTypeInfoTypeDef, instance_type: str, base: BaseAmi) -> None:
    runs = [str(name) for name in row.get("ProcessorInfo", {}).get("SupportedArchitectures", [])]
    if base.architecture not in runs:
        raise AwsError(
            f"instance type {instance_type} runs {' and '.join(runs) or 'nothing known'}, "
            f"but {base.id} is {base.architecture}; choose a type or an AMI that fits"
        )
    boots = [str(mode) for mode in row.get("SupportedBootModes", [])]
    if boots and base.boot_mode in ("uefi", "legacy-bios") and base.boot_mode not in boots:
        raise AwsError(
            f"instance type {instance_type} boots by {' or '.join(boots)}, but {base.id} needs {base.boot_mode}; "
            "choose a type or an AMI that fits"
        )


def find_zones(aws: Aws, instance_type: str) -> tuple[str, ...]:
    """The region's own zones that offer the type, sorted; AwsError when none does.

    Local and Wavelength Zones that the account has opted into are no ground for a build: they lack gp3 or the type's
    price, and a Wavelength Zone leads into a carrier's network.
    """
    location: Literal["availability-zone"] = "availability-zone"
    with translate_aws_errors(aws.settings, f"instance type {instance_type}"):
        pages = aws.ec2.get_paginator("describe_instance_type_offerings").paginate(
            LocationType=location, Filters=[{"Name": "instance-type", "Values": [instance_type]}]
        )
        offering = {row["Location"] for page in pages for row in page["InstanceTypeOfferings"]}
        rows = aws.ec2.describe_availability_zones()["AvailabilityZones"]
    ours = {row["ZoneName"] for row in rows if row["ZoneType"] == location and row["State"] == "available"}
    if not offering & ours:
        raise AwsError(
            f"instance type {instance_type}: no zone of {aws.settings.region} offers it; choose another type"
        )
    return tuple(sorted(offering & ours))


def check_key(aws: Aws, key: str) -> str:
    """The ARN of the stack's key. It must be a customer-managed one: what others manage cannot be shared."""
    where = f"key {key}"
    with translate_aws_errors(aws.settings, where):
        try:
            found: Mapping[str, Any] = aws.kms.describe_key(KeyId=key)["KeyMetadata"]
        except ClientError as error:
            if code_of(error) != "NotFoundException":
                raise
            raise AwsError(f"{where}: no such key in {aws.settings.region}; mend its id, or the region") from error
    wrong = (
        (found.get("KeyState") != "Enabled", f"expected it enabled, it is {found.get('KeyState')}"),
        (found.get("KeyManager") != "CUSTOMER", "expected a customer-managed key: AWS's own cannot be shared"),
        (found.get("KeySpec") != "SYMMETRIC_DEFAULT", f"expected a symmetric key, got {found.get('KeySpec')}"),
        (found.get("KeyUsage") != "ENCRYPT_DECRYPT", f"expected a key that encrypts, got {found.get('KeyUsage')}"),
    )
    reasons = [reason for bad, reason in wrong if bad]
    if reasons:
        raise AwsError(f"{where}: {'; '.join(reasons)}")
    return str(found["Arn"])


def find_room(aws: Aws, account: str) -> int:
    """How many VPCs more this region takes; AwsError when there is room for none. Shared VPCs count for their owner."""
    mine: Any = [{"Name": "owner-id", "Values": [account]}]
    with translate_aws_errors(aws.settings, "quota of VPCs"):
        quota = aws.client("service-quotas").get_service_quota(ServiceCode="vpc", QuotaCode=VPC_QUOTA)
        allowed = int(quota["Quota"]["Value"])
        there = sum(len(page["Vpcs"]) for page in aws.ec2.get_paginator("describe_vpcs").paginate(Filters=mine))
    if there >= allowed:
        raise AwsError(
            f"quota of VPCs: {aws.settings.region} allows {allowed} and has {there}, a build needs one of its own; "
            f"remove one (`hallmark sweep` removes ours that have expired), or ask AWS for more ({VPC_QUOTA})"
        )
    return allowed - there


def check_vcpus(aws: Aws, instance_type: str, vcpus: int) -> None:
    """Whether one machine more fits into the quota of vCPUs, which a dry run does not ask; AwsError when not.

    Known for the standard families alone. Where Service Quotas has no such quota, EC2 says so when the machine starts.
    """
    if not _is_standard(instance_type):
        return
    with translate_aws_errors(aws.settings, "quota of vCPUs"):
        try:
            quota = aws.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=VCPU_QUOTA)
        except ClientError as error:
            if code_of(error) != "NoSuchResourceException":
                raise
            return
        used = _vcpus_in_use(aws)
    allowed = int(quota["Quota"]["Value"])
    if used + vcpus > allowed:
        raise AwsError(
            f"quota of vCPUs: {aws.settings.region} allows {allowed} of on-demand standard machines and runs {used}, "
            f"{instance_type} needs {vcpus}; stop a machine, choose a smaller type, or ask AWS for more ({VCPU_QUOTA})"
        )


def _vcpus_in_use(aws: Aws) -> int:
    """What counts against the quota: on-demand machines of the standard families that run or are about to."""
    alive: Any = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    pages = aws.ec2.get_paginator("describe_instances").paginate(Filters=alive)
    rows = [row for page in pages for reservation in page["Reservations"] for row in reservation["Instances"]]
    cpus = [
        row["CpuOptions"] for row in rows if "InstanceLifecycle" not in row and _is_standard(str(row["InstanceType"]))
    ]
    return sum(one.get("CoreCount", 1) * one.get("ThreadsPerCore", 1) for one in cpus)


def _is_standard(instance_type: str) -> bool:
    return instance_type[0] in _STANDARD and not instance_type.startswith(_NOT_STANDARD)


def check_run(aws: Aws, request: PreflightRequest, key: str) -> None:
    """One `RunInstances` as a dry run: permission, image and type, judged by EC2 itself. It asks no quota."""
    tags: Any = [{"Key": name, "Value": value} for name, value in request.tags.items()]
    disk: Any = {
        "DeviceName": request.base.root_device,
        "Ebs": {"Encrypted": True, "KmsKeyId": key, "VolumeType": "gp3", "VolumeSize": request.base.root_gib},
    }
    kind: Any = request.instance_type
    try:
        aws.ec2.run_instances(
            DryRun=True,
            ImageId=request.base.id,
            InstanceType=kind,
            MinCount=1,
            MaxCount=1,
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"},
            NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": False}],
            BlockDeviceMappings=[disk],
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}, {"ResourceType": "volume", "Tags": tags}],
        )
    except ClientError as error:
        if code_of(error) not in _FINE:
            raise AwsError(f"dry run of {request.instance_type}: {explain(error, aws.settings.region)}") from error
