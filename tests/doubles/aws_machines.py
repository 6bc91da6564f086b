"""The AWS double's machines and disks: instance, AMI, volume, attachment, snapshot, tag.

What replaces, which calls are made and in which order follows terraform-provider-aws, internal/service/ec2 (commits in
tools/iam/provider.toml):

- ec2_instance.go: resourceInstanceCreate calls RunInstances with `volume_tags` in it, tags per device only afterwards,
  and ends in resourceInstanceUpdate, which changes source_dest_check, instance_initiated_shutdown_behavior and
  monitoring of a new instance too; resourceInstanceFlatten asks for type, volumes, groups and four attributes.
- ec2_ami.go: RegisterImage, then CreateTags; `encrypted` with `snapshot_id` refused; virtualization "paravirtual" and
  volume type "standard" unless told.
- ebs_volume.go, ebs_volume_attachment.go, ebs_snapshot.go, tag_gen.go.

Left out: spot, launch templates, elastic inference, IPv6,
password data.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from tests.doubles.aws_context import AwsContext, as_list, found, ignoring, wait_for
from tests.doubles.aws_network import Ec2Type, after, by
from tests.doubles.plugin import CreatedButFailedError, RefusedError, Traits
from tests.doubles.wire import Values

_NO_INSTANCE = "InvalidInstanceID.NotFound"
_DISK = {
    "deleteOnTermination": "DeleteOnTermination",
    "encrypted": "Encrypted",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "snapshotId": "SnapshotId",
    "throughput": "Throughput",
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
}
_METADATA = {
    "httpEndpoint": "HttpEndpoint",
    "httpTokens": "HttpTokens",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "instanceMetadataTags": "InstanceMetadataTags",
}


def _disk(disk: Values) -> Values:
    asked = {there: disk[here] for here, there in _DISK.items() if disk.get(here) not in (None, "", 0)}
    return {"DeleteOnTermination": True, **asked}


def _renamed(values: Values, names: dict[str, str]) -> Values:
    return {there: values[here] for here, there in names.items() if values.get(here) is not None}


class Instance(Ec2Type):
    traits = Traits(
        replaces=frozenset(
            {
                "ami",
                "associatePublicIpAddress",
                "availabilityZone",
                "ebsBlockDevices",
                "ebsOptimized",
                "ephemeralBlockDevices",
                "hibernation",
                "hostId",
                "keyName",
                "placementGroup",
                "privateIp",
                "rootBlockDevice.encrypted",
                "rootBlockDevice.kmsKeyId",
                "subnetId",
                "tenancy",
                "region",
                "securityGroups",
            }
        ),
        keeps=frozenset(
            {
                "ami",
                "associatePublicIpAddress",
                "availabilityZone",
                "ebsBlockDevices",
                "ebsOptimized",
                "instanceInitiatedShutdownBehavior",
                "instanceType",
                "keyName",
                "maintenanceOptions",
                "metadataOptions",
                "monitoring",
                "privateIp",
                "rootBlockDevice",
                "subnetId",
                "tenancy",
                "userData",
                "userDataBase64",
                "volumeTags",
                "vpcSecurityGroupIds",
                "iamInstanceProfile",
                "disableApiTermination",
                "disableApiStop",
                "region",
            }
        ),
        exact=frozenset({"tags", "volumeTags"}),
        defaults=(("sourceDestCheck", True), ("getPasswordData", False), ("userDataReplaceOnChange", False)),
    )
    unsupported = (
        "capacityReservationSpecification",
        "cpuOptions",
        "creditSpecification",
        "enclaveOptions",
        "ephemeralBlockDevices",
        "instanceMarketOptions",
        "launchTemplate",
        "networkInterfaces",
        "primaryNetworkInterface",
        "privateDnsNameOptions",
        "ipv6AddressCount",
        "ipv6Addresses",
        "secondaryPrivateIps",
        "hostId",
        "hostResourceGroupArn",
        "getPasswordData",
        "placementGroup",
    )

    def problems(self, inputs: Values) -> list[str]:
        disks = [*(inputs.get("ebsBlockDevices") or []), inputs.get("rootBlockDevice") or {}]
        wrong = super().problems(inputs)
        if inputs.get("volumeTags") and any(disk.get("tags") for disk in disks):
            wrong.append("volumeTags: conflicts with tags of a block device")
        if inputs.get("userData") and inputs.get("userDataBase64"):
            wrong.append("userData: conflicts with userDataBase64")
        if not inputs.get("ami"):
            wrong.append('"ami": one of `ami,launch_template` must be specified')
        if not inputs.get("instanceType"):
            wrong.append('"instance_type": one of `instance_type,launch_template` must be specified')
        return wrong

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        answer = ec2.run_instances(
            MinCount=1, MaxCount=1, ClientToken=secrets.token_hex(16), **_run_request(context, inputs)
        )
        made: str = answer["Instances"][0]["InstanceId"]
        try:
            _await_instance(ec2, made, {"running"}, {"pending"})
            _tag_disks(ec2, made, inputs)
            _update_new(ec2, made, inputs)
            return made, self.read(context, made, inputs) or {}
        except Exception as error:
            raise CreatedButFailedError(made, str(error)) from error

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        instance = _find_instance(ec2, resource_id)
        if instance is None or instance["State"]["Name"] == "terminated":
            return None
        kind = found(lambda: ec2.describe_instance_types(InstanceTypes=[instance["InstanceType"]])["InstanceTypes"])
        volumes = _volumes(ec2, resource_id)
        attributes = {
            name: _attribute(ec2, resource_id, name)
            for name in ("instanceInitiatedShutdownBehavior", "disableApiStop", "disableApiTermination")
        }
        user_data = _attribute(ec2, resource_id, "userData")
        if kind and kind.get("BurstablePerformanceSupported"):
            ignoring(
                lambda: ec2.describe_instance_credit_specifications(InstanceIds=[resource_id]), "UnsupportedOperation"
            )
        return {
            **attributes,
            **_seen_disks(instance, volumes, context),
            **_seen_user_data(user_data, state),
            **(
                {"volumeTags": context.seen_tags(volumes[0].get("Tags"))["tagsAll"]}
                if state.get("volumeTags") and volumes
                else {}
            ),
            "ami": instance["ImageId"],
            "arn": context.arn(f"instance/{resource_id}", state),
            "associatePublicIpAddress": bool(instance.get("PublicIpAddress")),
            "availabilityZone": instance["Placement"]["AvailabilityZone"],
            "ebsOptimized": instance.get("EbsOptimized", False),
            "iamInstanceProfile": (instance.get("IamInstanceProfile") or {}).get("Arn", "").rsplit("/", 1)[-1],
            "instanceState": instance["State"]["Name"],
            "instanceType": instance["InstanceType"],
            "keyName": instance.get("KeyName", ""),
            "metadataOptions": {
                here: instance.get("MetadataOptions", {}).get(there) for here, there in _METADATA.items()
            },
            "monitoring": instance.get("Monitoring", {}).get("State") in ("enabled", "pending"),
            "primaryNetworkInterfaceId": next(
                (one["NetworkInterfaceId"] for one in instance.get("NetworkInterfaces", [])), None
            ),
            "privateDns": instance.get("PrivateDnsName"),
            "privateIp": instance.get("PrivateIpAddress"),
            "publicDns": instance.get("PublicDnsName", ""),
            "publicIp": instance.get("PublicIpAddress", ""),
            "sourceDestCheck": instance.get("SourceDestCheck", True),
            "subnetId": instance.get("SubnetId"),
            "tenancy": instance["Placement"].get("Tenancy", "default"),
            "vpcSecurityGroupIds": sorted(group["GroupId"] for group in instance.get("SecurityGroups", [])),
            "region": state.get("region") or context.region,
            **context.seen_tags(instance.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        ec2 = context.ec2(new)
        if "volumeTags" in new and new["volumeTags"] != old.get("volumeTags"):
            for volume in _volumes(ec2, resource_id):
                if gone := [{"Key": key} for key in old.get("volumeTags") or {} if key not in new["volumeTags"]]:
                    ec2.delete_tags(Resources=[volume["VolumeId"]], Tags=gone)
                ec2.create_tags(Resources=[volume["VolumeId"]], Tags=as_list(new["volumeTags"]))
        if sorted(new.get("vpcSecurityGroupIds") or []) != sorted(old.get("vpcSecurityGroupIds") or []) and new.get(
            "vpcSecurityGroupIds"
        ):
            ec2.modify_instance_attribute(InstanceId=resource_id, Groups=new["vpcSecurityGroupIds"])
        if "instanceInitiatedShutdownBehavior" in new and new["instanceInitiatedShutdownBehavior"] != old.get(
            "instanceInitiatedShutdownBehavior"
        ):
            ec2.modify_instance_attribute(
                InstanceId=resource_id,
                InstanceInitiatedShutdownBehavior={"Value": new["instanceInitiatedShutdownBehavior"]},
            )
        if "metadataOptions" in new:
            ec2.modify_instance_metadata_options(InstanceId=resource_id, **_renamed(new["metadataOptions"], _METADATA))
        _restart_with(ec2, resource_id, old, new)
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        ignoring(lambda: ec2.terminate_instances(InstanceIds=[resource_id]), _NO_INSTANCE)
        _await_instance(
            ec2, resource_id, {"terminated", None}, {"pending", "running", "shutting-down", "stopped", "stopping"}
        )


def _update_new(ec2: Any, made: str, inputs: Values) -> None:
    """How a creation ends: what resourceInstanceUpdate changes without asking whether the instance is new."""
    if inputs.get("sourceDestCheck") is False:
        ec2.modify_instance_attribute(InstanceId=made, SourceDestCheck={"Value": False})
    if behavior := inputs.get("instanceInitiatedShutdownBehavior"):
        ec2.modify_instance_attribute(InstanceId=made, InstanceInitiatedShutdownBehavior={"Value": behavior})
    if inputs.get("monitoring"):
        ec2.monitor_instances(InstanceIds=[made])


def _run_request(context: AwsContext, inputs: Values) -> Values:
    names = {
        "ami": "ImageId",
        "instanceType": "InstanceType",
        "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
        "keyName": "KeyName",
        "ebsOptimized": "EbsOptimized",
        "disableApiStop": "DisableApiStop",
        "disableApiTermination": "DisableApiTermination",
    }
    request = _renamed(inputs, names)
    request |= _network_request(inputs)
    if inputs.get("iamInstanceProfile"):
        request["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
    if inputs.get("monitoring"):
        request["Monitoring"] = {"Enabled": True}
    if inputs.get("maintenanceOptions"):  # asked for as the provider does; moto does not keep it
        request["MaintenanceOptions"] = _renamed(inputs["maintenanceOptions"], {"autoRecovery": "AutoRecovery"})
    if inputs.get("metadataOptions"):
        request["MetadataOptions"] = _renamed(inputs["metadataOptions"], _METADATA)
    if user_data := _user_data(inputs):
        request["UserData"] = user_data
    if mappings := _mappings(context, inputs):
        request["BlockDeviceMappings"] = mappings
    tags = context.specification("instance", inputs)
    if inputs.get("volumeTags"):
        tags.append({"ResourceType": "volume", "Tags": as_list(inputs["volumeTags"])})
    return {**request, **({"TagSpecifications": tags} if tags else {})}


def _network_request(inputs: Values) -> Values:
    groups = inputs.get("vpcSecurityGroupIds") or []
    placement = {"Placement": _renamed(inputs, {"availabilityZone": "AvailabilityZone", "tenancy": "Tenancy"})}
    request = placement if placement["Placement"] else {}
    if inputs.get("subnetId") and inputs.get("associatePublicIpAddress") is not None:
        nic = {
            "DeviceIndex": 0,
            "SubnetId": inputs["subnetId"],
            "AssociatePublicIpAddress": inputs["associatePublicIpAddress"],
        }
        nic |= {"Groups": groups} if groups else {}
        nic |= {"PrivateIpAddress": inputs["privateIp"]} if inputs.get("privateIp") else {}
        return {**request, "NetworkInterfaces": [nic]}
    request |= _renamed(inputs, {"subnetId": "SubnetId", "privateIp": "PrivateIpAddress"})
    return {**request, **({"SecurityGroupIds": groups} if groups else {})}


def _user_data(inputs: Values) -> Any:
    """Botocore encodes user data itself (the Go SDK does not), so it gets them decoded."""
    if inputs.get("userDataBase64"):
        return _decoded(inputs["userDataBase64"])
    return str(inputs.get("userData") or "")


def _decoded(text: str) -> Any:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise RefusedError(f'expected "user_data_base64" to be base64-encoded: {error}') from error


def _mappings(context: AwsContext, inputs: Values) -> list[Values]:
    mappings = [{"DeviceName": disk["deviceName"], "Ebs": _disk(disk)} for disk in inputs.get("ebsBlockDevices") or []]
    if root := inputs.get("rootBlockDevice"):
        image = found(lambda: context.ec2(inputs).describe_images(ImageIds=[inputs["ami"]])["Images"])
        if image is None:
            raise RefusedError(f"finding root device name for AMI ({inputs['ami']}): empty result")
        mappings.append({"DeviceName": image["RootDeviceName"], "Ebs": _disk(root)})
    return mappings


def _find_instance(ec2: Any, instance: str) -> Values | None:
    reservation = found(lambda: ec2.describe_instances(InstanceIds=[instance])["Reservations"], _NO_INSTANCE)
    return reservation["Instances"][0] if reservation else None


def _await_instance(ec2: Any, instance: str, target: set[str | None], pending: set[str | None]) -> None:
    def look() -> str | None:
        there = _find_instance(ec2, instance)
        return there["State"]["Name"] if there else None

    wait_for(look, f"EC2 Instance ({instance})", target, pending)


def _volumes(ec2: Any, instance: str) -> list[Values]:
    volumes: list[Values] = ec2.describe_volumes(Filters=by("attachment.instance-id", instance))["Volumes"]
    return volumes


def _tag_disks(ec2: Any, instance: str, inputs: Values) -> None:
    """Per-device tags come after the start: a machine that dies in between leaves untagged volumes."""
    tagged = {disk["deviceName"]: disk["tags"] for disk in inputs.get("ebsBlockDevices") or [] if disk.get("tags")}
    root = (inputs.get("rootBlockDevice") or {}).get("tags")
    if not tagged and not root:
        return
    there = _find_instance(ec2, instance) or {}
    if root:
        tagged[there["RootDeviceName"]] = root
    for mapping in there["BlockDeviceMappings"]:
        if tags := tagged.get(mapping["DeviceName"]):
            ec2.create_tags(Resources=[mapping["Ebs"]["VolumeId"]], Tags=as_list(tags))


def _attribute(ec2: Any, instance: str, name: str) -> Any:
    answer = ec2.describe_instance_attribute(InstanceId=instance, Attribute=name)
    return (answer.get(name[0].upper() + name[1:]) or {}).get("Value")


def _seen_user_data(value: Any, state: Values) -> Values:
    if not value:
        return {}
    if state.get("userDataBase64"):
        return {"userDataBase64": value}
    return {"userData": base64.b64decode(value).decode()}


def _seen_disks(instance: Values, volumes: list[Values], context: AwsContext) -> Values:
    by_id = {volume["VolumeId"]: volume for volume in volumes}
    root, others = None, []
    for mapping in instance.get("BlockDeviceMappings", []):
        volume = by_id.get(mapping["Ebs"]["VolumeId"])
        if volume is None:
            continue
        disk = {
            "deleteOnTermination": mapping["Ebs"]["DeleteOnTermination"],
            "deviceName": mapping["DeviceName"],
            "encrypted": volume.get("Encrypted", False),
            "iops": volume.get("Iops"),
            "kmsKeyId": volume.get("KmsKeyId"),
            "throughput": volume.get("Throughput"),
            "volumeId": volume["VolumeId"],
            "volumeSize": volume["Size"],
            "volumeType": volume["VolumeType"],
            **context.seen_tags(volume.get("Tags")),
        }
        if mapping["DeviceName"] == instance.get("RootDeviceName"):
            root = disk
        else:
            others.append({**disk, "snapshotId": volume.get("SnapshotId", "")})
    return {"rootBlockDevice": root, "ebsBlockDevices": others}


def _restart_with(ec2: Any, instance: str, old: Values, new: Values) -> None:
    """Type and user data change only on a stopped machine: the provider stops it and starts it again."""
    user_data = next(
        (name for name in ("userData", "userDataBase64") if name in new and new[name] != old.get(name)), None
    )
    kind = new.get("instanceType") != old.get("instanceType")
    if not kind and not user_data:
        return
    ec2.stop_instances(InstanceIds=[instance])
    _await_instance(ec2, instance, {"stopped"}, {"running", "stopping", "pending"})
    if kind:
        ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": new["instanceType"]})
    if user_data:
        ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": _user_data(new)})
    ec2.start_instances(InstanceIds=[instance])
    _await_instance(ec2, instance, {"running"}, {"stopped", "pending"})


class Ami(Ec2Type):
    """Registered first and tagged afterwards: in between there is an AMI without tags."""

    traits = Traits(
        replaces=frozenset(
            {
                "architecture",
                "bootMode",
                "ebsBlockDevices",
                "enaSupport",
                "ephemeralBlockDevices",
                "imageLocation",
                "imdsSupport",
                "kernelId",
                "name",
                "ramdiskId",
                "rootDeviceName",
                "sriovNetSupport",
                "tpmSupport",
                "uefiData",
                "virtualizationType",
                "region",
            }
        ),
        keeps=frozenset({"ebsBlockDevices", "ephemeralBlockDevices", "imageLocation", "region"}),
        named=True,
        defaults=(("architecture", "x86_64"), ("sriovNetSupport", "simple"), ("virtualizationType", "paravirtual")),
    )
    unsupported = ("ephemeralBlockDevices", "kernelId", "ramdiskId", "deprecationTime")

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        disks = inputs.get("ebsBlockDevices") or []
        if any(disk.get("snapshotId") and disk.get("encrypted") for disk in disks):
            raise RefusedError("can't set both 'snapshot_id' and 'encrypted'")
        names = {
            "architecture": "Architecture",
            "bootMode": "BootMode",
            "description": "Description",
            "enaSupport": "EnaSupport",
            "imdsSupport": "ImdsSupport",
            "name": "Name",
            "rootDeviceName": "RootDeviceName",
            "sriovNetSupport": "SriovNetSupport",
            "tpmSupport": "TpmSupport",
            "uefiData": "UefiData",
            "virtualizationType": "VirtualizationType",
        }
        mappings = [
            {"DeviceName": disk["deviceName"], "Ebs": {"VolumeType": "standard", **_disk(disk)}} for disk in disks
        ]
        ec2 = context.ec2(inputs)
        made: str = ec2.register_image(**_renamed(inputs, names), BlockDeviceMappings=mappings)["ImageId"]
        if tags := context.all_tags(inputs):
            after(made, lambda: ec2.create_tags(Resources=[made], Tags=as_list(tags)))
        after(made, lambda: wait_for(lambda: _image_state(ec2, made), f"EC2 AMI ({made})", {"available"}, {"pending"}))
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ec2 = context.ec2(state)
        image = found(
            lambda: ec2.describe_images(ImageIds=[resource_id])["Images"],
            "InvalidAMIID.NotFound",
            "InvalidAMIID.Unavailable",
        )
        if image is None or image["State"] == "deregistered":
            return None
        ignoring(
            lambda: ec2.get_instance_uefi_data(InstanceId=resource_id),
            "InvalidInstanceID.NotFound",
            "InvalidInstanceID.Malformed",
            "InvalidInstanceID",
        )
        return {
            **seen_image(image),
            "arn": context.arn(f"image/{resource_id}", state),
            "region": state.get("region") or context.region,
            **context.seen_tags(image.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        if new.get("description") != old.get("description"):
            context.ec2(new).modify_image_attribute(
                ImageId=resource_id, Description={"Value": new.get("description", "")}
            )
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        """The snapshots stay: only AMIs made from an instance or a copy own theirs."""
        ec2 = context.ec2(state)
        ignoring(lambda: ec2.deregister_image(ImageId=resource_id), "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")
        wait_for(lambda: _image_state(ec2, resource_id), f"EC2 AMI ({resource_id})", {None}, {"available", "pending"})


def _image_state(ec2: Any, image: str) -> str | None:
    there = found(
        lambda: ec2.describe_images(ImageIds=[image])["Images"], "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"
    )
    return there["State"] if there else None


def seen_image(image: Values) -> Values:
    """An AMI as resource and data source both show it."""
    disks = [mapping for mapping in image.get("BlockDeviceMappings", []) if "Ebs" in mapping]
    root = next(
        (mapping["Ebs"].get("SnapshotId") for mapping in disks if mapping["DeviceName"] == image.get("RootDeviceName")),
        None,
    )
    return {
        "architecture": image.get("Architecture"),
        "bootMode": image.get("BootMode"),
        "description": image.get("Description", ""),
        "ebsBlockDevices": [
            {
                "deviceName": mapping["DeviceName"],
                **{here: mapping["Ebs"].get(there) for here, there in _DISK.items() if here != "kmsKeyId"},
            }
            for mapping in disks
        ],
        "enaSupport": image.get("EnaSupport", False),
        "hypervisor": image.get("Hypervisor"),
        "imageLocation": image.get("ImageLocation", ""),
        "imageType": image.get("ImageType"),
        "imdsSupport": image.get("ImdsSupport", ""),
        "name": image.get("Name"),
        "ownerId": image.get("OwnerId"),
        "platformDetails": image.get("PlatformDetails"),
        "public": image.get("Public", False),
        "rootDeviceName": image.get("RootDeviceName"),
        "rootSnapshotId": root,
        "sriovNetSupport": image.get("SriovNetSupport", "simple"),
        "tpmSupport": image.get("TpmSupport", ""),
        "virtualizationType": image.get("VirtualizationType"),
    }


class Volume(Ec2Type):
    traits = Traits(
        replaces=frozenset(
            {"availabilityZone", "encrypted", "kmsKeyId", "snapshotId", "multiAttachEnabled", "outpostArn", "region"}
        ),
        keeps=frozenset({"encrypted", "iops", "kmsKeyId", "size", "snapshotId", "throughput", "type", "region"}),
        defaults=(("finalSnapshot", False),),
    )
    unsupported = ("outpostArn", "multiAttachEnabled", "finalSnapshot", "volumeInitializationRate")
    _names = {"size": "Size", "type": "VolumeType", "iops": "Iops", "throughput": "Throughput"}  # noqa: RUF012

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        names = {
            **self._names,
            "availabilityZone": "AvailabilityZone",
            "encrypted": "Encrypted",
            "kmsKeyId": "KmsKeyId",
            "snapshotId": "SnapshotId",
        }
        ec2 = context.ec2(inputs)
        made: str = ec2.create_volume(
            **_renamed(inputs, names), TagSpecifications=context.specification("volume", inputs)
        )["VolumeId"]
        after(
            made,
            lambda: wait_for(lambda: _volume_state(ec2, made), f"EBS Volume ({made})", {"available"}, {"creating"}),
        )
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        volume = found(
            lambda: context.ec2(state).describe_volumes(VolumeIds=[resource_id])["Volumes"], "InvalidVolume.NotFound"
        )
        if volume is None:
            return None
        return {
            **{here: volume.get(there) for here, there in self._names.items()},
            "arn": context.arn(f"volume/{resource_id}", state),
            "availabilityZone": volume["AvailabilityZone"],
            "encrypted": volume.get("Encrypted", False),
            "kmsKeyId": volume.get("KmsKeyId"),
            "snapshotId": volume.get("SnapshotId"),
            "region": state.get("region") or context.region,
            **context.seen_tags(volume.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        if changed := {
            there: new[here] for here, there in self._names.items() if here in new and new[here] != old.get(here)
        }:
            context.ec2(new).modify_volume(VolumeId=resource_id, **changed)
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ec2 = context.ec2(state)
        ignoring(lambda: ec2.delete_volume(VolumeId=resource_id), "InvalidVolume.NotFound")
        wait_for(
            lambda: _volume_state(ec2, resource_id), f"EBS Volume ({resource_id})", {None}, {"deleting", "available"}
        )


def _volume_state(ec2: Any, volume: str) -> str | None:
    there = found(lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"], "InvalidVolume.NotFound")
    return there["State"] if there else None


class VolumeAttachment(Ec2Type):
    traits = Traits(replaces=frozenset({"deviceName", "instanceId", "volumeId", "region"}), keeps=frozenset({"region"}))

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        _await_instance(ec2, inputs["instanceId"], {"running", "stopped"}, {"pending", "stopping"})
        ec2.attach_volume(Device=inputs["deviceName"], InstanceId=inputs["instanceId"], VolumeId=inputs["volumeId"])
        return f"vai-{secrets.randbelow(2**32)}", {"region": inputs.get("region") or context.region}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        volume = found(
            lambda: context.ec2(state).describe_volumes(VolumeIds=[state["volumeId"]])["Volumes"],
            "InvalidVolume.NotFound",
        )
        links = [link for link in (volume or {}).get("Attachments", []) if link["InstanceId"] == state["instanceId"]]
        return {"deviceName": links[0]["Device"]} if links else None

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        return {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        if state.get("skipDestroy"):
            return
        ec2 = context.ec2(state)
        call = lambda: ec2.detach_volume(  # noqa: E731
            Device=state["deviceName"],
            InstanceId=state["instanceId"],
            VolumeId=state["volumeId"],
            Force=bool(state.get("forceDetach")),
        )
        ignoring(
            call, "IncorrectState", "InvalidVolume.NotFound", "InvalidAttachment.NotFound", "InvalidInstanceID.NotFound"
        )


class Snapshot(Ec2Type):
    traits = Traits(
        replaces=frozenset({"volumeId", "description", "outpostArn", "region"}),
        keeps=frozenset({"storageTier", "region"}),
    )
    unsupported = ("outpostArn", "permanentRestore", "temporaryRestoreDays")

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ec2 = context.ec2(inputs)
        text = {"Description": inputs["description"]} if inputs.get("description") else {}
        made: str = ec2.create_snapshot(
            VolumeId=inputs["volumeId"], TagSpecifications=context.specification("snapshot", inputs), **text
        )["SnapshotId"]
        after(
            made,
            lambda: wait_for(lambda: _snapshot_state(ec2, made), f"EBS Snapshot ({made})", {"completed"}, {"pending"}),
        )
        return made, self.read(context, made, inputs) or {}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        snapshot = found(
            lambda: context.ec2(state).describe_snapshots(SnapshotIds=[resource_id])["Snapshots"],
            "InvalidSnapshot.NotFound",
        )
        if snapshot is None:
            return None
        return {
            "arn": context.arn(f"snapshot/{resource_id}", state),
            "description": snapshot.get("Description", ""),
            "encrypted": snapshot.get("Encrypted", False),
            "kmsKeyId": snapshot.get("KmsKeyId"),
            "ownerId": snapshot.get("OwnerId"),
            "volumeId": snapshot["VolumeId"],
            "volumeSize": snapshot["VolumeSize"],
            "region": state.get("region") or context.region,
            **context.seen_tags(snapshot.get("Tags")),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        context.update_tags(resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ignoring(lambda: context.ec2(state).delete_snapshot(SnapshotId=resource_id), "InvalidSnapshot.NotFound")


def _snapshot_state(ec2: Any, snapshot: str) -> str | None:
    there = found(lambda: ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"], "InvalidSnapshot.NotFound")
    return there["State"] if there else None


class Tag(Ec2Type):
    """One tag of an EC2 resource, by itself."""

    traits = Traits(replaces=frozenset({"resourceId", "key", "region"}), keeps=frozenset({"region"}))

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        self._put(context, inputs)
        return f"{inputs['resourceId']},{inputs['key']}", {"region": inputs.get("region") or context.region}

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        resource, key = resource_id.split(",", 1)
        tags = context.ec2(state).describe_tags(Filters=[*by("resource-id", resource), *by("key", key)])["Tags"]
        return {"resourceId": resource, "key": key, "value": tags[0]["Value"]} if tags else None

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        self._put(context, new)
        return {}

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        resource, key = resource_id.split(",", 1)
        context.ec2(state).delete_tags(Resources=[resource], Tags=[{"Key": key, "Value": state["value"]}])

    def _put(self, context: AwsContext, inputs: Values) -> None:
        context.ec2(inputs).create_tags(
            Resources=[inputs["resourceId"]], Tags=[{"Key": inputs["key"], "Value": inputs["value"]}]
        )
