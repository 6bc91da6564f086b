"""The platform `aws`: isolated VPCs, an AMI to start from, AMIs and a parameter as what is released."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pulumi

from components.aws.golden_ami import GoldenAmi, GoldenAmiArgs
from components.aws_providers import AmiAcceptance, AmiBuild, AmiInventory, AmiRelease, unpack
from components.platform import Step
from hallmark.common.errors import AwsError
from hallmark.engine.plugins import need_plugins
from hallmark.order.resolve import Context, StartingPoint, ask_the_mirror

if TYPE_CHECKING:
    from hallmark.aws.session import Aws
    from hallmark.aws.site import Site


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A build and the AMI of what it made."""

    build: AmiBuild
    ami: GoldenAmi


class AwsPlatform:
    """One base AMI, inventoried once, for all images of the stack; see platform.py."""

    def __init__(self, context: Context) -> None:
        need_plugins(os.environ)
        with ThreadPoolExecutor(max_workers=1) as mirror:  # it answers while botocore is loaded and AWS asked
            asked = mirror.submit(ask_the_mirror, context)
            self._site = _look_around(context)
            asked.result()
        self._places = context.places.model_dump_json()
        self.start = StartingPoint(base=self._site.base_fingerprint, surroundings="imds", hardware=self._site.hardware)
        inventory = AmiInventory("base", self._site, context)
        self.status = inventory.status.apply(unpack)
        inventory.status.apply(lambda known: _say_unless_known(known, inventory), run_with_unknowns=True)

    def build(self, step: Step, media: pulumi.Output[str]) -> Candidate:
        """A machine in a VPC of its own, and the AMI of its root volume."""
        build = AmiBuild(step, self._site, {"base": self._site.base.id, "media": media})
        recipe = step.name.removesuffix("-build")
        args = GoldenAmiArgs(recipe=recipe, build=build, site=self._site, places=self._places)
        return Candidate(
            build=build, ami=GoldenAmi(f"{recipe}-image", args, pulumi.ResourceOptions(parent=step.parent))
        )

    def accept(self, step: Step, build: Candidate) -> AmiAcceptance:
        """A second machine, of the AMI, in another VPC."""
        return AmiAcceptance(step, self._site, build.ami.ami)

    def release(self, recipe: str, channel: str, judged: AmiAcceptance, parent: pulumi.Resource) -> AmiRelease:
        """Status tag and channel."""
        return AmiRelease(recipe, channel, judged, self._site, self._places, parent=parent)

    def outputs(self, build: Candidate, judged: AmiAcceptance, release: AmiRelease) -> dict[str, pulumi.Output[Any]]:
        """What consumers launch, and where it is told."""
        return {
            "id": build.build.image,
            "ami": release.ami,
            "snapshot": build.build.snapshot,
            "region": pulumi.Output.from_input(self._site.aws.region),
            "parameter": release.parameter,
            "evidence": build.build.evidence,
            "channel": release.channel,
            "accepted": judged.accepted,
        }


def _look_around(context: Context) -> Site:
    """The stack's place in its account, cleared of what killed runs have left there."""
    from hallmark.aws.session import Aws
    from hallmark.aws.site import survey

    assert context.aws is not None
    aws = Aws(context.aws)
    site = survey(context, aws, project=pulumi.get_project(), stack=pulumi.get_stack())
    if not pulumi.runtime.is_dry_run():
        _sweep(aws, site)
    return site


def _sweep(aws: Aws, site: Site) -> None:
    """Remove what killed runs of this stack have left. What cannot be removed does not keep anyone from building."""
    from hallmark.aws.sweep import sweep

    try:
        sweep(aws, scope=(site.project, site.stack), now=datetime.now(UTC), say=pulumi.log.info)
    except AwsError as error:
        pulumi.log.warn(str(error))


def _say_unless_known(status: Any, inventory: AmiInventory) -> None:
    if not isinstance(status, str):
        pulumi.log.info(
            "this AMI has not been looked into yet: packages and CVEs are known once it was booted, in isolation, by "
            "the next up",
            inventory,
        )
