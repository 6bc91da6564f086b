"""A base of our own on AWS: the disk that `local` builds, uploaded block by block and registered once as an AMI.

It is found again by its fingerprint, whoever registered it: so a state that was lost, or a run that was killed, makes
no second one. The disk's packages were planned before, so nobody has to boot it to know them. Its snapshot is never
swept, since an AMI refers to it; what an upload that was killed has left goes with the next one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hallmark.aws.base import read_base
from hallmark.aws.ebs.snapshots import delete_snapshot, find_snapshot_by_content_tag, find_unfinished
from hallmark.aws.ebs.upload import Upload
from hallmark.aws.errors import translate_aws_errors
from hallmark.aws.images import BASE, KEPT, Root, register, tag_filters, wait_until_available
from hallmark.aws.machines import new_run_id, transfer, upload_snapshot
from hallmark.aws.preflight import check_credentials, check_key, check_type
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.aws.tags import FINGERPRINT, PROJECT, STACK, USE, Labels
from hallmark.base.base import SUITE, BasePlan, build_base
from hallmark.base.disk import unpack
from hallmark.base.ec2 import check_for_ec2
from hallmark.common.errors import AwsError
from hallmark.common.fingerprint import Sha256, fingerprint
from hallmark.order.places import Places
from hallmark.pipeline.machines import Say
from hallmark.store.store import Store

_NAME = "base"


def identity_of(site: Site) -> Sha256:
    """What the AMI of the site's own base is found by: the disk, and the key that encrypts it."""
    return fingerprint("own base", {"base": site.own_base, "kms_key": site.kms_key})


def find_own_base(aws: Aws, identity: Sha256) -> str | None:
    """The newest AMI of our own base with this identity; None when there is none."""
    row = _find_row(aws, identity)
    return row["ImageId"] if row else None


def _find_row(aws: Aws, identity: Sha256) -> Any:
    """The same as EC2 describes it."""
    filters = tag_filters({USE: BASE, FINGERPRINT: identity})
    with translate_aws_errors(aws.settings, "base"):
        pages = aws.ec2.get_paginator("describe_images").paginate(Owners=["self"], Filters=filters)
        rows = [row for page in pages for row in page["Images"] if row["State"] in ("available", "pending")]
    return max(rows, key=lambda row: (row["CreationDate"], row["ImageId"]), default=None)


def with_own_base(site: Site, aws: Aws) -> Site:
    """The site with its own base as it is registered; AwsError when it is there no more. Any other as it is."""
    if site.own_base is None or site.base.id:
        return site
    row = _find_row(aws, identity_of(site))
    if row is None:
        raise AwsError(f"base: {site.base.name}: its AMI has vanished; `hallmark up` registers it anew")
    return site.model_copy(update={"base": read_base(row)})


def make_own_base(site: Site, plan: BasePlan, places: Places, say: Say) -> str:
    """The AMI of a site's own base, whose plan this is: the one that there is, or a new one.

    Raises AwsError when the account is not fit or the disk is not, and what building the disk raises.
    """
    aws, identity = Aws(site.aws), identity_of(site)
    ami = find_own_base(aws, identity)
    if ami is None:
        labels = site.labels(_NAME, BASE, new_run_id(), identity)
        snapshot = _provide_snapshot(site, aws, plan, places, labels, say)
        ami = register(aws, site.base, Root(snapshot=snapshot, build=labels.build, completed=True), labels)
    else:
        say(f"base: found {ami}")
    wait_until_available(aws, ami)
    return ami


def _provide_snapshot(site: Site, aws: Aws, plan: BasePlan, places: Places, labels: Labels, say: Say) -> str:
    """A completed snapshot of the base's disk: the one that a run which was killed has left, or a new one."""
    check_credentials(aws)
    check_type(aws, site.instance_type, site.base)
    key, content = check_key(aws, site.kms_key), Sha256(labels.fingerprint)
    found = find_snapshot_by_content_tag(aws.ec2, content, kms_key=key)
    if found is not None:
        say(f"base: found {found}, of the same content")
        return found
    for unfinished in find_unfinished(aws.ec2, content, {PROJECT: site.project, STACK: site.stack}):
        say(f"base: removing {unfinished}, whose upload did not end")
        delete_snapshot(aws.ec2, unfinished)
    with Store(places.store).workdir(f"base-{plan.fingerprint[:16]}") as work:
        job = Upload(
            path=_make_disk(plan, places, work, say),
            content=content,
            build=labels.build,
            tags=labels.passing(datetime.now(UTC) + KEPT),
            description=f"Hallmark: {site.base.name}",
            kms_key=key,
            gib=site.base.root_gib,
        )
        return upload_snapshot(aws, job, transfer(site), lambda text: say(f"base: {text}"))


def _make_disk(plan: BasePlan, places: Places, work: Path, say: Say) -> Path:
    """The base's disk as a sparse raw image, which EC2 can boot."""
    base = build_base(plan, places.apt_root(SUITE), places.cache, say)
    raw = work / "base.raw"
    unpack(base.disk, raw)
    check_for_ec2(raw, work)
    return raw
