"""What IAM is asked for each call to the doubled account: an action on a resource, with its condition keys.

One request for each resource of a call, with its tags and the keys that the service fills in; the tags given in a
creating call are an `ec2:CreateTags` of their own, and what EC2 and EBS do with a key in the caller's name is a request
to KMS. From AWS's service authorization reference, for the calls that we make and those that our policies must refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from tests.doubles.moto_ec2 import RegisteredAmi
from tests.doubles.server import ACCOUNT, REGION, Asked
from tests.support.aws.iam import Request

Values = Mapping[str, Any]
Context = dict[str, Any]

_ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}
_SHARED = ("image", "snapshot")  # kinds whose ARNs name no account


def requests_of(asked: Asked) -> list[Request]:
    """What IAM is asked for a call. NotImplementedError for a call that is not known here."""
    service, action = asked.call.service, asked.call.action
    makers = {"ec2": _ec2, "ebs": _ebs, "ssm": _ssm, "kms": _kms, "s3": _s3}
    if f"{service}:{action}" in _ALWAYS_ALLOWED:
        return []
    if service in makers:
        return makers[service](asked)
    if service == "servicequotas" and action == "GetServiceQuota":
        return [_request(asked, "GetServiceQuota")]
    if service == "sts" and action == "AssumeRole":
        return [_request(asked, action, asked.parameters["RoleArn"])]
    raise NotImplementedError(f"{service}:{action}")


def _request(asked: Asked, action: str, resource: str = "*", service: str = "", **context: Any) -> Request:
    keys = {"aws:RequestedRegion": asked.region, **context.pop("keys", {}), **context}
    return Request(action=f"{service or asked.call.service}:{action}", resource=resource, context=keys)


# EC2. What is made has the request's tags, what is there its own; a call that only describes names no resource.

_MADE = {
    "CreateNetworkAcl": "network-acl",
    "CreateSecurityGroup": "security-group",
    "CreateSnapshot": "snapshot",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "RegisterImage": "image",
}
_NAMED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "CreateNetworkAcl": (("VpcId", "vpc"),),
    "CreateSecurityGroup": (("VpcId", "vpc"),),
    "CreateSnapshot": (("VolumeId", "volume"),),
    "CreateSubnet": (("VpcId", "vpc"),),
    "CreateVpc": (),
    "DeleteNetworkAcl": (("NetworkAclId", "network-acl"),),
    "DeleteNetworkInterface": (("NetworkInterfaceId", "network-interface"),),
    "DeleteSecurityGroup": (("GroupId", "security-group"),),
    "DeleteSnapshot": (("SnapshotId", "snapshot"),),
    "DeleteSubnet": (("SubnetId", "subnet"),),
    "DeleteVolume": (("VolumeId", "volume"),),
    "DeleteVpc": (("VpcId", "vpc"),),
    "DeleteVpcEndpoints": (("VpcEndpointId", "vpc-endpoint"),),
    "DeregisterImage": (("ImageId", "image"),),
    "GetConsoleOutput": (("InstanceId", "instance"),),
    "ModifyInstanceAttribute": (("InstanceId", "instance"),),
    "ModifySubnetAttribute": (("SubnetId", "subnet"),),
    "ModifyVpcAttribute": (("VpcId", "vpc"),),
    "StartInstances": (("InstanceId", "instance"),),
    "StopInstances": (("InstanceId", "instance"),),
    "TerminateInstances": (("InstanceId", "instance"),),
}
_ON_ANYTHING = (  # judged by their name alone
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CopyImage",
    "CreateFleet",
    "CreateImage",
    "CreateInternetGateway",
    "CreateLaunchTemplate",
    "CreateNetworkAclEntry",
    "CreateRoute",
    "CreateVpcPeeringConnection",
    "RequestSpotFleet",
    "RequestSpotInstances",
)


def _ec2(asked: Asked) -> list[Request]:
    action, given = asked.call.action, asked.parameters
    if action.startswith("Describe") or action in _ON_ANYTHING:
        return [_request(asked, action)]
    if action == "RunInstances":
        return _run(asked)
    if action in ("CreateTags", "DeleteTags"):
        return _tagging(asked)
    if action == "ReplaceNetworkAclAssociation":
        return _acl_association(asked)
    if action in ("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"):
        rules = [_existing(asked, "security-group-rule", rule) for rule in _list(given.get("SecurityGroupRuleId"))]
        return [_existing(asked, "security-group", given["GroupId"]), *rules]
    if action not in _NAMED and action not in _MADE:
        raise NotImplementedError(f"ec2:{action}")
    named = [_existing(asked, kind, name) for key, kind in _NAMED.get(action, ()) for name in _list(given.get(key))]
    disks = [_existing(asked, "snapshot", name) for name in _snapshots(given)] if action == "RegisterImage" else []
    made = [_new(asked, _MADE[action])] if action in _MADE else []
    return [*made, *named, *disks, *_tags_given(asked)]


def _run(asked: Asked) -> list[Request]:
    """RunInstances: all the resources that it touches. With a launch template, what is in that counts too."""
    given = {**_template(asked.parameters), **asked.parameters}
    instance = {
        f"ec2:{key}": value
        for key, value in (
            ("InstanceType", given.get("InstanceType")),
            ("InstanceProfile", _profile(given)),
            ("MetadataHttpTokens", given.get("MetadataOptions", {}).get("HttpTokens")),
            ("MetadataHttpPutResponseHopLimit", given.get("MetadataOptions", {}).get("HttpPutResponseHopLimit")),
        )
        if value is not None
    }
    disks = _list(given.get("BlockDeviceMapping"))
    requests = [
        _existing(asked, "image", given.get("ImageId", "")),
        _new(asked, "instance", **instance),
        *(_new(asked, "volume") for _ in disks or [None]),
        *(_existing(asked, "snapshot", name) for name in _snapshots(given)),
        *_places(asked, given),
        *([_existing(asked, "key-pair", given["KeyName"])] if given.get("KeyName") else []),
        *([_existing(asked, "launch-template", one)] if (one := _template_id(given)) else []),
        *_tags_given(asked),
        *(one for disk in _all_disks(given.get("ImageId", ""), disks) for one in _disk_key(asked, disk)),
    ]
    if profile := _profile(given):
        requests.append(_request(asked, "PassRole", profile, "iam"))
    return requests


def _all_disks(image: str, disks: Sequence[Values]) -> list[Values]:
    """The disks of a machine: its image's, with what the request says of each on top."""
    there = ec2_backends[ACCOUNT][REGION].amis.get(image)
    devices = there.block_device_mappings if isinstance(there, RegisteredAmi) else []
    merged: dict[str, Values] = {one["DeviceName"]: one["Ebs"] for one in devices}
    for disk in disks:
        merged[disk["DeviceName"]] = {**merged.get(disk["DeviceName"], {}), **disk.get("Ebs", {})}
    return list(merged.values())


def _places(asked: Asked, given: Values) -> list[Request]:
    """Interface, subnet and groups of a machine: those named, or the default VPC's."""
    interfaces = _list(given.get("NetworkInterface")) or [{}]
    subnets = [one.get("SubnetId") or given.get("SubnetId") or "default" for one in interfaces]
    groups = [group for one in interfaces for group in _list(one.get("SecurityGroupId"))]
    groups = groups or _list(given.get("SecurityGroupId")) or ["default"]
    public = [
        {"ec2:AssociatePublicIpAddress": one["AssociatePublicIpAddress"]} if "AssociatePublicIpAddress" in one else {}
        for one in interfaces
    ]
    return [
        *(_request(asked, "RunInstances", _arn("network-interface", "*"), keys=keys) for keys in public),
        *(_existing(asked, "subnet", subnet) for subnet in subnets),
        *(_existing(asked, "security-group", group) for group in groups),
    ]


def _profile(given: Values) -> str | None:
    profile: Mapping[str, str] = given.get("IamInstanceProfile", {})
    return profile.get("Arn") or profile.get("Name")


def _template_id(given: Values) -> str | None:
    named: Mapping[str, str] = given.get("LaunchTemplate", {})
    return named.get("LaunchTemplateId") or named.get("LaunchTemplateName")


def _template(given: Values) -> Values:
    """The AMI of the launch template that a request names, in the version that it names."""
    wanted, version = _template_id(given), given.get("LaunchTemplate", {}).get("Version", "$Default")
    for template in ec2_backends[ACCOUNT][REGION].launch_templates.values():
        if wanted in (template.id, template.name):
            newest = template.latest_version_number if version == "$Latest" else template.default_version_number
            return {"ImageId": template.get_version(int(version) if version.isdigit() else newest).image_id}
    return {}


def _tagging(asked: Asked) -> list[Request]:
    action, given = asked.call.action, asked.parameters
    tags = _pairs(given.get("Tag"))
    keys: Context = {"aws:TagKeys": list(tags)} if tags else {}
    if action == "CreateTags":
        keys |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return [_existing(asked, _kind(name), name, **keys) for name in _list(given["ResourceId"])]


def _acl_association(asked: Asked) -> list[Request]:
    """The ACL that is to be the subnet's, and the subnet."""
    association = asked.parameters["AssociationId"]
    acls = ec2_backends[ACCOUNT][REGION].network_acls.values()
    subnets = [str(link.subnet_id) for acl in acls for link in acl.associations if link.id == association]
    return [
        _existing(asked, "network-acl", asked.parameters["NetworkAclId"]),
        *(_existing(asked, "subnet", subnet) for subnet in subnets),
    ]


def _tags_given(asked: Asked) -> list[Request]:
    """The `CreateTags` that EC2 asks for, for each kind of thing that is to have tags from the start."""
    kinds = [one["ResourceType"] for one in _list(asked.parameters.get("TagSpecification"))]
    return [
        _request(
            asked,
            "CreateTags",
            _arn(kind, "*"),
            keys={**_asked_tags(asked, kind), "ec2:CreateAction": asked.call.action},
        )
        for kind in kinds
    ]


def _asked_tags(asked: Asked, kind: str) -> Context:
    given = [one for one in _list(asked.parameters.get("TagSpecification")) if one["ResourceType"] == kind]
    tags = _pairs(given[0].get("Tag")) if given else {}
    named = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**named, **({"aws:TagKeys": list(tags)} if tags else {})}


def _new(asked: Asked, kind: str, **keys: Any) -> Request:
    """A request on something that the call makes."""
    return _request(asked, asked.call.action, _arn(kind, "*"), keys={**_asked_tags(asked, kind), **keys})


def _existing(asked: Asked, kind: str, name: str, **keys: Any) -> Request:
    """A request on something that is there, with its tags."""
    return _request(asked, asked.call.action, _arn(kind, name), keys={**_tags_of(name), **keys})


def _tags_of(name: str) -> Context:
    tags: Mapping[str, str] = ec2_backends[ACCOUNT][REGION].tags.get(name, {})
    return {f"{prefix}:ResourceTag/{key}": value for key, value in tags.items() for prefix in ("aws", "ec2")}


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:ec2:{REGION}:{'' if kind in _SHARED else ACCOUNT}:{kind}/{name}"


_PREFIXES = {
    "ami": "image",
    "acl": "network-acl",
    "eni": "network-interface",
    "i": "instance",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def _kind(name: str) -> str:
    prefix = name.rpartition("-")[0]
    if prefix not in _PREFIXES:
        raise NotImplementedError(f"ec2:CreateTags on {name}")
    return _PREFIXES[prefix]


def _snapshots(given: Values) -> list[str]:
    disks = [one.get("Ebs", {}) for one in _list(given.get("BlockDeviceMapping"))]
    return [disk["SnapshotId"] for disk in disks if disk.get("SnapshotId")]


def _list(folded: Any) -> list[Any]:
    """A form's list (`{"1": …, "2": …}`) as one; one value is a list of it; nothing is an empty one."""
    if isinstance(folded, Mapping):
        return [folded[key] for key in sorted(folded, key=int)]
    return (
        []
        if folded is None
        else list(folded)
        if isinstance(folded, Sequence) and not isinstance(folded, str)
        else [folded]
    )


def _pairs(folded: Any) -> dict[str, str]:
    return {one["Key"]: one.get("Value", "") for one in _list(folded)}


# EBS direct, and what disks ask of a key


def _ebs(asked: Asked) -> list[Request]:
    action, given = asked.call.action, asked.parameters
    if action == "StartSnapshot":
        tags = {one["Key"]: one["Value"] for one in given.get("Tags") or []}
        keys = {**{f"aws:RequestTag/{key}": value for key, value in tags.items()}, "aws:TagKeys": list(tags)}
        new, key = _arn("snapshot", "*"), given.get("KmsKeyArn")
        # Without `ec2:CreateAction`: which value it would have for a call of EBS direct is documented nowhere.
        tagging = _request(asked, "CreateTags", new, "ec2", keys=keys)
        using = _use_key(asked, key, "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant") if key else []
        return [_request(asked, action, new, keys=keys), *([tagging] if tags else []), *using]
    name = given["PATH"].removeprefix("/snapshots/completion/").removeprefix("/snapshots/").partition("/")[0]
    snapshot = ec2_backends[ACCOUNT][REGION].snapshots.get(name)
    key = getattr(snapshot, "kms_key_id", None)
    using = _use_key(asked, key, "Decrypt") if key and action in ("PutSnapshotBlock", "GetSnapshotBlock") else []
    return [_request(asked, action, _arn("snapshot", name), keys=_tags_of(name)), *using]


def _disk_key(asked: Asked, disk: Values) -> list[Request]:
    """A new volume with a key of its own, or out of an encrypted snapshot."""
    snapshot = ec2_backends[ACCOUNT][REGION].snapshots.get(disk.get("SnapshotId", ""))
    source: str | None = getattr(snapshot, "kms_key_id", None)
    requests = _use_key(asked, source, "Decrypt", "ReEncryptFrom") if source else []
    if key := disk.get("KmsKeyId") or source:
        using = ("DescribeKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptTo", "CreateGrant")
        requests += _use_key(asked, key, *using)
    return requests


def _use_key(asked: Asked, key: str, *actions: str) -> list[Request]:
    """What a service does with a key in the caller's name; a grant is for itself."""
    via = {"kms:ViaService": f"{asked.call.service}.{REGION}.amazonaws.com"}
    return [
        _request(
            asked,
            action,
            _key_arn(key),
            "kms",
            keys={**via, **({"kms:GrantIsForAWSResource": "true"} if action == "CreateGrant" else {})},
        )
        for action in actions
    ]


def _key_arn(key: str) -> str:
    """The ARN of a key that is named by id, ARN or alias; the name itself where there is none."""
    backend = kms_backends[ACCOUNT][REGION]
    name = backend.get_key_id_from_alias(key.rpartition(":")[2]) if "alias/" in key else key
    return next((str(one.arn) for one in backend.keys.values() if name in (one.id, one.arn)), key)


# The others


def _ssm(asked: Asked) -> list[Request]:
    action, given = asked.call.action, asked.parameters
    if action == "DescribeParameters":
        return [_request(asked, action)]
    if action not in ("GetParameter", "GetParametersByPath", "ListTagsForResource", "PutParameter"):
        raise NotImplementedError(f"ssm:{action}")
    name = given.get("Name") or given.get("Path") or given["ResourceId"]
    return [_request(asked, action, f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name.removeprefix('/')}")]


def _kms(asked: Asked) -> list[Request]:
    return [_request(asked, asked.call.action, _key_arn(asked.parameters.get("KeyId", "*")))]


def _s3(asked: Asked) -> list[Request]:
    """By path-style addresses: https://HOST/BUCKET/KEY."""
    method, _, path = asked.call.action.partition(" ")
    bucket, _, key = path.removeprefix("/").partition("/")
    query = asked.parameters["QUERY"]
    if not key:
        actions = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket"}
        return [_request(asked, actions[method], f"arn:aws:s3:::{bucket}")]
    actions = {
        "GET": "GetObject",
        "HEAD": "GetObject",
        "PUT": "PutObject",
        "POST": "PutObject",
        "DELETE": "DeleteObject",
    }
    action = "AbortMultipartUpload" if method == "DELETE" and "uploadId" in query else actions[method]
    return [_request(asked, action, f"arn:aws:s3:::{bucket}/{key}"), *_object_key(asked, bucket, action)]


def _object_key(asked: Asked, bucket: str, action: str) -> list[Request]:
    """What S3 does with the key that a bucket encrypts with by default (SSE-KMS)."""
    there = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    rule = ((there and there.encryption) or {}).get("Rule", {})
    key = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    needed = {"PutObject": "GenerateDataKey", "GetObject": "Decrypt"}.get(action)
    return _use_key(asked, key, needed) if key and needed else []
