"""Images on AWS: root snapshots and AMIs, found again by the fingerprint that they are tagged with.

An image's state is in its tags: `hallmark:verdict` (none yet: a candidate) and the fingerprint of the acceptance that
gave it. A root snapshot exists only when the host's judgement of the build was good, which `hallmark:verdict=built`
says; so what a killed run, or an earlier recipe, has left is taken up instead of being made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from pydantic import BaseModel

from hallmark.aws import tags as aws_tags
from hallmark.aws.base import BaseAmi
from hallmark.aws.errors import code_of, translate_aws_errors
from hallmark.aws.session import Aws
from hallmark.aws.tags import BUILD, FINGERPRINT, MANAGED, RECIPE, USE, Labels
from hallmark.common.errors import AwsError, StoreError
from hallmark.common.fingerprint import Sha256
from hallmark.common.validation import STRICT
from hallmark.store.image import image_id

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

VERDICT, ACCEPTANCE = "hallmark:verdict", "hallmark:acceptance"
BUILT = "built"
BASE = "base"
"""The use of an AMI that images start from: of ours, but no image."""
# A root snapshot without an AMI is swept after this; one with an AMI never is.
KEPT = timedelta(days=7)
_NAME_LIMIT = 128

State = Literal["candidate", "accepted", "rejected"]


class Root(BaseModel):
    """A root snapshot that a build has made, and the run (`build`) that made it."""

    model_config = STRICT
    snapshot: str
    build: str
    completed: bool


class AmiImage(BaseModel):
    """A golden image on AWS: `id` is its name as an image, `ami` AWS's. `created` is UTC as AWS writes it."""

    model_config = STRICT
    id: str
    ami: str
    snapshot: str
    recipe: str
    fingerprint: str
    build: str
    state: State
    released: bool
    acceptance: Sha256 | None
    created: str
    region: str

    @property
    def reason(self) -> None:
        """Why it was rejected stands in its evidence alone."""


def find_root(aws: Aws, recipe: str, fingerprint: Sha256, build: str) -> Root | None:
    """The root snapshot of a recipe with this fingerprint that this run made, completed before pending; else None."""
    filters = tag_filters({RECIPE: recipe, FINGERPRINT: fingerprint, BUILD: build, VERDICT: BUILT})
    with translate_aws_errors(aws.settings, "search for a finished build"):
        pages = aws.ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], Filters=filters)
        rows: list[Any] = [row for page in pages for row in page["Snapshots"]]
    usable = [row for row in rows if row["State"] in ("completed", "pending")]
    best = max(usable, key=lambda row: (row["State"] == "completed", row["StartTime"], row["SnapshotId"]), default=None)
    if best is None:
        return None
    return Root(snapshot=best["SnapshotId"], build=build, completed=best["State"] == "completed")


def snapshot_root(aws: Aws, volume: str, labels: Labels) -> Root:
    """Start the snapshot of a build's root volume, tagged in the same call; `wait_until_completed` does the rest."""
    tags = {**labels.passing(datetime.now(UTC) + KEPT), VERDICT: BUILT}
    with translate_aws_errors(aws.settings, f"snapshot of {volume}"):
        row = aws.ec2.create_snapshot(
            VolumeId=volume,
            Description=f"Hallmark: root of {labels.recipe} {labels.fingerprint[:16]}",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": aws_tags.pairs(tags)}],
        )
    return Root(snapshot=row["SnapshotId"], build=labels.build, completed=row["State"] == "completed")


def register_image(aws: Aws, base: BaseAmi, root: Root, labels: Labels) -> AmiImage:
    """The AMI of a root snapshot: the one that there is, else registered now, tagged in the same call.

    Another build's AMI of the same inputs is another image: the evidence vouches for this root snapshot alone.
    Architecture, boot mode and root device are the base's; all else is said, so that no default of an account counts.
    """
    found = find_image(aws, labels.recipe, labels.fingerprint, root.snapshot)
    ami = found.ami if found else register(aws, base, root, labels)
    wait_until_available(aws, ami)
    return get_image(aws, ami)


def wait_until_available(aws: Aws, ami: str) -> None:
    """Wait until an AMI that was just registered can be launched. AwsError when it cannot."""
    with translate_aws_errors(aws.settings, ami):
        # A new id is not known everywhere at once.
        aws.ec2.get_waiter("image_exists").wait(ImageIds=[ami], WaiterConfig={"Delay": 3, "MaxAttempts": 40})
        aws.ec2.get_waiter("image_available").wait(ImageIds=[ami], WaiterConfig={"Delay": 5, "MaxAttempts": 240})


def register(aws: Aws, base: BaseAmi, root: Root, labels: Labels) -> str:
    """Register a root snapshot as an AMI that is shaped like `base`, whatever there is; its id."""
    more: Any = {"BootMode": base.boot_mode} if base.boot_mode else {}
    if base.tpm and base.boot_mode == "uefi":
        more["TpmSupport"] = "v2.0"
    architecture: Any = base.architecture
    with translate_aws_errors(aws.settings, f"registration of {labels.recipe}"):
        registered = aws.ec2.register_image(
            Name=ami_name(labels.recipe, labels.fingerprint, root.build),
            Description=f"Hallmark: {labels.recipe}, on {base.name}"[:255],
            Architecture=architecture,
            RootDeviceName=base.root_device,
            VirtualizationType="hvm",
            EnaSupport=True,
            SriovNetSupport="simple",
            ImdsSupport="v2.0",
            BlockDeviceMappings=[
                {
                    "DeviceName": base.root_device,
                    "Ebs": {
                        "SnapshotId": root.snapshot,
                        "VolumeType": "gp3",
                        "VolumeSize": base.root_gib,
                        "DeleteOnTermination": True,
                    },
                }
            ],
            TagSpecifications=[{"ResourceType": "image", "Tags": aws_tags.pairs(labels.lasting())}],
            **more,
        )
    return registered["ImageId"]


def ami_name(recipe: str, fingerprint: str, build: str) -> str:
    """An AMI's name, unique in an account and region: recipe, fingerprint, build."""
    return f"hallmark-{recipe[:60]}-{fingerprint[:16]}-{build}"[:_NAME_LIMIT]


def find_image(aws: Aws, recipe: str, fingerprint: str, root: str) -> AmiImage | None:
    """The newest AMI of a recipe and fingerprint over this root snapshot, accepted before others; None without one."""
    found = [one for one in list_images(aws, {RECIPE: recipe, FINGERPRINT: fingerprint}) if one.snapshot == root]
    return max(found, key=lambda image: (image.state == "accepted", image.created, image.ami), default=None)


def list_images(aws: Aws, tags: Mapping[str, str] | None = None) -> list[AmiImage]:
    """All AMIs of ours in the region (with these tags), the newest first."""
    with translate_aws_errors(aws.settings, "search for images"):
        pages = aws.ec2.get_paginator("describe_images").paginate(Owners=["self"], Filters=tag_filters(tags or {}))
        rows: list[Any] = [row for page in pages for row in page["Images"]]
    there = [row for row in rows if row["State"] in ("available", "pending") and _tags(row).get(USE) != BASE]
    images = [_read(row, aws.settings.region) for row in there]
    return sorted(images, key=lambda image: (image.created, image.ami), reverse=True)


def get_image(aws: Aws, ami: str) -> AmiImage:
    """One AMI of ours; AwsError when this account has no such one."""
    with translate_aws_errors(aws.settings, ami):
        rows = _describe(aws.ec2, ami)
    if not rows or _tags(rows[0]).get(MANAGED) != "true" or _tags(rows[0]).get(USE) == BASE:
        raise AwsError(f"{ami}: expected an image of Hallmark's in {aws.settings.region}, there is none of this id")
    return _read(rows[0], aws.settings.region)


def exists(aws: Aws, ami: str) -> bool:
    """Whether an AMI is there and can be launched."""
    with translate_aws_errors(aws.settings, ami):
        return any(row["State"] == "available" for row in _describe(aws.ec2, ami))


def snapshot_exists(aws: Aws, snapshot: str) -> bool:
    """Whether a snapshot is there."""
    with translate_aws_errors(aws.settings, snapshot):
        filters: Any = [{"Name": "snapshot-id", "Values": [snapshot]}]
        return bool(aws.ec2.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"])


def set_verdict(aws: Aws, ami: str, verdict: Literal["accepted", "rejected"], acceptance: Sha256) -> None:
    """Mark an AMI with what the acceptance of this fingerprint said of it."""
    with translate_aws_errors(aws.settings, ami):
        aws.ec2.create_tags(Resources=[ami], Tags=aws_tags.pairs({VERDICT: verdict, ACCEPTANCE: acceptance}))


def retry_image(aws: Aws, ami: str) -> AmiImage:
    """Make a rejected image a candidate again, so that the next run judges it anew; StoreError for any other."""
    image = get_image(aws, ami)
    if image.state != "rejected":
        raise StoreError(f"{ami}: expected a rejected image, got one that is {image.state}; nothing to retry")
    with translate_aws_errors(aws.settings, ami):
        aws.ec2.delete_tags(Resources=[ami], Tags=[{"Key": VERDICT}, {"Key": ACCEPTANCE}])
    return get_image(aws, ami)


def _describe(ec2: EC2Client, ami: str) -> list[Any]:
    try:
        return list(ec2.describe_images(ImageIds=[ami])["Images"])
    except ClientError as error:
        if code_of(error).startswith("InvalidAMIID"):
            return []
        raise


def tag_filters(tags: Mapping[str, str]) -> Any:
    """EC2's filters for what is ours and has these tags."""
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in {MANAGED: "true", **tags}.items()]


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}


def _read(row: Mapping[str, Any], region: str) -> AmiImage:
    tags = _tags(row)
    recipe, fingerprint = tags.get(RECIPE, ""), tags.get(FINGERPRINT, "")
    verdict = tags.get(VERDICT)
    state: State = "accepted" if verdict == "accepted" else "rejected" if verdict == "rejected" else "candidate"
    return AmiImage(
        id=image_id(recipe, Sha256(fingerprint)),
        ami=row["ImageId"],
        snapshot=_root_snapshot(row.get("RootDeviceName", ""), row.get("BlockDeviceMappings", ())),
        recipe=recipe,
        fingerprint=fingerprint,
        build=tags.get(BUILD, ""),
        state=state,
        released=tags.get(aws_tags.STATUS) == aws_tags.RELEASED,
        acceptance=Sha256(tags[ACCEPTANCE]) if ACCEPTANCE in tags else None,
        created=row.get("CreationDate", ""),
        region=region,
    )


def _root_snapshot(root: str, mappings: Iterable[Mapping[str, Any]]) -> str:
    found = [row["Ebs"].get("SnapshotId", "") for row in mappings if row.get("DeviceName") == root and "Ebs" in row]
    return str(found[0]) if found else ""
