"""The platform `aws`: isolated VPCs, an AMI to start from, AMIs and a parameter as what is released."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.golden_ami import GoldenAmi, GoldenAmiArgs
from components.aws.release import AmiRelease, AmiReleaseArgs
from components.aws.resources import Account, AmiAcceptance, AmiBuild, AmiInventory, OwnBase
from components.report import stopping_cleanly
from components.step import Candidate, Exports, Judged, PipelineStep, Released, child, needed
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.site import Site, survey, what_a_runner_forgets, with_plan
from hallmark.aws.steps import unpack
from hallmark.aws.sweep import sweep
from hallmark.base.base import BasePlan, plan_the_base
from hallmark.common.errors import AwsError
from hallmark.config.disk import Layout
from hallmark.engine.plugins import need_plugins
from hallmark.order.resolve import Context, StartingPoint, ask_the_mirror


class AwsPlatform:
    """One base AMI for all images of the stack with this disk, and its dpkg status; see step.py."""

    def __init__(
        self, account: Account, provider: aws.Provider, base: pulumi.Input[str], status: pulumi.Input[str]
    ) -> None:
        self._account, self._provider, self._base, self.status = account, provider, base, status
        site = account.site
        self.start = StartingPoint(base=site.base_fingerprint, expected_network="imds", hardware=site.hardware)

    def build(self, step: PipelineStep, media: pulumi.Output[str]) -> Candidate:
        """A machine in a VPC of its own, and the AMI of its root volume."""
        build = AmiBuild(step, self._account, self._base, media)
        args = GoldenAmiArgs(recipe=step.recipe, build=build, account=self._account)
        ami = GoldenAmi(f"{step.recipe}-image", args, child(step.parent))
        exports: Exports = {"id": build.image, "snapshot": build.snapshot, "evidence": build.evidence}
        return Candidate(image=ami.ami, exports=exports)

    def accept(self, step: PipelineStep, candidate: Candidate) -> Judged:
        """A second machine, of the AMI, in another VPC."""
        acceptance = AmiAcceptance(step, self._account, candidate.image)
        return Judged(image=acceptance.image, accepted=acceptance.accepted)

    def release(self, recipe: str, channel: str, judged: Judged, parent: pulumi.Resource) -> Released:
        """Status tag and channel."""
        args = AmiReleaseArgs(
            recipe=recipe, channel=channel, ami=judged.image, accepted=judged.accepted, account=self._account
        )
        opts = pulumi.ResourceOptions(parent=parent, providers=[self._provider])
        release = AmiRelease(f"{recipe}-release", args, opts)
        region = pulumi.Output.from_input(self._account.site.aws.region)
        exports: Exports = {"ami": release.ami, "parameter": release.parameter, "region": region}
        return Released(channel=release.channel, exports=exports)


def aws_platforms(context: Context, settings: AwsSettings, layouts: Iterable[Layout]) -> dict[Layout, AwsPlatform]:
    """The platform for each of these disks; a base that others made has one disk for all. Raises HallmarkError."""
    need_plugins(os.environ)
    if context.settings.base_ami.build:
        own = plan_the_base(context)
        site = _look_around(context, settings, own)
        provider = aws.Provider("aws", **settings.provider_args())
        return {layout: _on_our_own(context, site, provider, own.laid_out(layout)) for layout in layouts}
    # It answers while botocore is loaded, AWS asked, and the plugin started.
    mirror = ThreadPoolExecutor(max_workers=1).submit(ask_the_mirror, context)
    site = _look_around(context, settings)
    provider = aws.Provider("aws", **settings.provider_args())
    account = Account(site=site, places=context.places)
    return dict.fromkeys(
        layouts, AwsPlatform(account, provider, site.base.id, _status_of_theirs(context, account, mirror))
    )


def _on_our_own(context: Context, site: Site, provider: aws.Provider, plan: BasePlan) -> AwsPlatform:
    account = Account(site=with_plan(site, plan), places=context.places)
    return AwsPlatform(account, provider, needed(OwnBase(plan.layout.base_name, account, plan).ami), plan.status)


def _status_of_theirs(context: Context, account: Account, mirror: Future[bool]) -> pulumi.Output[str]:
    """The dpkg status of a base that others made: known once it was booted."""
    scripts: pulumi.Output[str] = pulumi.Output.from_input(_when_answered(mirror, str(context.root / "image_scripts")))
    inventory = AmiInventory("base", account, scripts)
    inventory.status.apply(lambda known: _say_unless_known(known, inventory), run_with_unknowns=True)
    return inventory.status.apply(lambda packed: packed and unpack(packed))  # none of a step that failed


async def _when_answered(mirror: Future[bool], value: str) -> str:
    """The value, once the mirror has answered. Where it does not, the program ends before anything is made."""
    with stopping_cleanly():
        await asyncio.wrap_future(mirror)
    return value


def _look_around(context: Context, settings: AwsSettings, own: BasePlan | None = None) -> Site:
    """The stack's place in its account, cleared of what killed runs have left there."""
    account = Aws(settings)
    site = survey(
        context,
        account,
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        organization=pulumi.get_organization(),
        own=own,
    )
    for line in what_a_runner_forgets(site, os.environ):
        pulumi.log.warn(line)
    if not pulumi.runtime.is_dry_run():
        _sweep(account, site)
    return site


def _sweep(account: Aws, site: Site) -> None:
    """Remove what killed runs of this stack have left. What cannot be removed does not keep anyone from building."""
    try:
        sweep(account, scope=(site.project, site.stack), now=datetime.now(UTC), say=pulumi.log.info)
    except AwsError as error:
        pulumi.log.warn(str(error))


def _say_unless_known(status: Any, inventory: AmiInventory) -> None:
    if pulumi.runtime.is_dry_run() and not isinstance(status, str):
        pulumi.log.info(
            "this AMI has not been looked into yet: packages and CVEs are known once it was booted, in isolation, by "
            "the next up",
            inventory,
        )
