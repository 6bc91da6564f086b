"""The platform `aws`: isolated VPCs, an AMI to start from, AMIs and a parameter as what is released."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.golden_ami import GoldenAmi, GoldenAmiArgs
from components.aws.release import AmiRelease, AmiReleaseArgs
from components.aws.resources import Account, AmiAcceptance, AmiBuild, AmiInventory, OwnBase
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
    """One base AMI, inventoried once or of our own, for all images of the stack with this disk; see step.py."""

    def __init__(self, context: Context, site: Site, provider: aws.Provider, own: BasePlan | None) -> None:
        self._account = Account(site=site, places=context.places)
        self._provider = provider
        self.start = StartingPoint(base=site.base_fingerprint, expected_network="imds", hardware=site.hardware)
        self._base: pulumi.Input[str] = site.base.id
        self.status: pulumi.Input[str]
        if own is not None:
            self.status, self._base = own.status, needed(OwnBase(own.layout.base_name, self._account, own).ami)
        else:
            self.status = self._look_into(context)

    def _look_into(self, context: Context) -> pulumi.Output[str]:
        """The dpkg status of a base that others made: known once it was booted."""
        inventory = AmiInventory("base", self._account, context.root / "image_scripts")
        inventory.status.apply(lambda known: _say_unless_known(known, inventory), run_with_unknowns=True)
        return inventory.status.apply(lambda packed: packed and unpack(packed))  # none of a step that failed

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
    own = plan_the_base(context) if context.settings.base_ami.build else None
    if own is not None:
        site = _look_around(context, settings, own)
    else:
        with ThreadPoolExecutor(max_workers=1) as mirror:  # it answers while botocore is loaded and AWS asked
            asked = mirror.submit(ask_the_mirror, context)
            site = _look_around(context, settings)
            asked.result()
    provider = aws.Provider("aws", **settings.provider_args())
    if own is None:
        platform = AwsPlatform(context, site, provider, None)
        return dict.fromkeys(layouts, platform)
    plans = [own.laid_out(layout) for layout in layouts]
    return {plan.layout: AwsPlatform(context, with_plan(site, plan), provider, plan) for plan in plans}


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
