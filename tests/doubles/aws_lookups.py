"""The AWS double's functions: get_ami, get_caller_identity, get_region and get_availability_zones.

get_ami follows internal/service/ec2/ec2_ami_data_source.go of terraform-provider-aws: nothing found, or more than one
without `most_recent`, is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.doubles.aws_context import AwsContext
from tests.doubles.aws_machines import seen_image
from tests.doubles.plugin import RefusedError
from tests.doubles.wire import Values


def get_ami(context: AwsContext, arguments: Values) -> Values:
    """The one AMI that matches, or the newest of them."""
    asked: Values = {}
    if arguments.get("filters"):
        asked["Filters"] = [{"Name": one["name"], "Values": one["values"]} for one in arguments["filters"]]
    if arguments.get("owners"):
        asked["Owners"] = arguments["owners"]
    images = context.ec2(arguments).describe_images(**asked)["Images"]
    if arguments.get("nameRegex"):
        images = [image for image in images if re.search(arguments["nameRegex"], image.get("Name", ""))]
    if not images:
        raise RefusedError("Your query returned no results. Please change your search criteria and try again.")
    if len(images) > 1 and not arguments.get("mostRecent"):
        raise RefusedError(
            "Your query returned more than one result. Please try a more specific search criteria, or set "
            "`most_recent` attribute to true."
        )
    image = max(images, key=lambda one: str(one.get("CreationDate", "")))
    return {
        **arguments,
        **seen_image(image),
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "arn": context.arn(f"image/{image['ImageId']}", arguments),
        "blockDeviceMappings": [
            {
                "deviceName": one["DeviceName"],
                "ebs": {
                    key[0].lower() + key[1:]: str(value).lower() if isinstance(value, bool) else str(value)
                    for key, value in one.get("Ebs", {}).items()
                },
                "noDevice": "",
                "virtualName": "",
            }
            for one in image.get("BlockDeviceMappings", [])
        ],
        "creationDate": str(image.get("CreationDate", "")),
        "deprecationTime": str(image.get("DeprecationTime", "")),
        "imageOwnerAlias": image.get("ImageOwnerAlias", ""),
        "kernelId": "",
        "lastLaunchedTime": "",
        "platform": image.get("Platform", ""),
        "productCodes": [
            {"productCodeId": one["ProductCodeId"], "productCodeType": one["ProductCodeType"]}
            for one in image.get("ProductCodes", [])
        ],
        "ramdiskId": "",
        "region": arguments.get("region") or context.region,
        "rootDeviceType": image.get("RootDeviceType"),
        "state": image["State"],
        "stateReason": {},
        "tags": context.seen_tags(image.get("Tags"))["tagsAll"],
        "uefiData": "",
        "usageOperation": image.get("UsageOperation", ""),
    }


def get_caller_identity(context: AwsContext, arguments: Values) -> Values:
    """Who we are, as STS says."""
    who = context.client("sts").get_caller_identity()
    return {"accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"], "id": who["Account"]}


def get_region(context: AwsContext, arguments: Values) -> Values:
    """The region in use."""
    region = arguments.get("region") or context.region
    return {
        "region": region,
        "name": region,
        "id": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def get_availability_zones(context: AwsContext, arguments: Values) -> Values:
    """The zones of the region."""
    asked = {"Filters": [{"Name": one["name"], "Values": one["values"]} for one in arguments.get("filters") or []]}
    zones = context.ec2(arguments).describe_availability_zones(**asked)["AvailabilityZones"]
    if arguments.get("state"):
        zones = [zone for zone in zones if zone["State"] == arguments["state"]]
    region = arguments.get("region") or context.region
    return {
        **arguments,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": [region],
        "id": region,
        "region": region,
    }


LOOKUPS: dict[str, Callable[[AwsContext, Values], Values]] = {
    "aws:ec2/getAmi:getAmi": get_ami,
    "aws:index/getCallerIdentity:getCallerIdentity": get_caller_identity,
    "aws:index/getRegion:getRegion": get_region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": get_availability_zones,
}
