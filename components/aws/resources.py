"""The steps on AWS as Pulumi resources: each is the step of the same name in hallmark/aws/steps.py.

The site says where on AWS (hallmark/aws/site.py). It is no part of an identity: what matters of it is in the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.providers import StepProvider
from components.report import urn_of
from components.step import COMPONENT, PipelineStep, child, needed
from hallmark.aws.own_base import identity_of
from hallmark.aws.site import Site, save_site
from hallmark.base.base import BasePlan, save_base_plan
from hallmark.order.places import Places

AMI_COMPONENT = "hallmark:index:GoldenAmi"
RELEASE_COMPONENT = "hallmark:index:AmiRelease"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the stack's resources are made, as their steps are told it."""

    site: Site
    places: Places

    def props(self) -> dict[str, Any]:
        """The inputs that every step on AWS has."""
        return {
            "stack": self.site.stack,
            "region": self.site.aws.region,
            "site": str(save_site(self.site, self.places.cache)),
            "places": self.places.model_dump_json(),
        }


class OwnBase(Resource, module="hallmark", name="OwnBase"):
    """The AMI of the disk that the platform local builds too: registered once for each key, found again by its tags."""

    ami: pulumi.Output[str]

    def __init__(self, name: str, account: Account, plan: BasePlan) -> None:
        props = {
            **account.props(),
            "fingerprint": identity_of(account.site),
            "plan": str(save_base_plan(plan, account.places.cache)),
            "packages": plan.summary(),
            "urn": urn_of("OwnBase", name),
            "ami": None,
        }
        super().__init__(StepProvider("aws.base"), name, props)


class AmiInventory(Resource, module="hallmark", name="AmiInventory"):
    """What is installed in the AMI that the stack's images start from: found once for each AMI. `status` is packed."""

    status: pulumi.Output[str]

    def __init__(self, name: str, account: Account, scripts: pulumi.Input[str]) -> None:
        site = account.site
        props = {
            **account.props(),
            "fingerprint": site.base_fingerprint,
            "ami": site.base.id,
            "name": site.base.name,
            "scripts": scripts,
            "urn": urn_of("AmiInventory", name),
            "status": None,
        }
        super().__init__(StepProvider("aws.inventory"), name, props)


class AmiBuild(Resource, module="hallmark", name="AmiBuild"):
    """One isolated build; what it makes is a root snapshot, which `run` made."""

    fingerprint: pulumi.Output[str]
    image: pulumi.Output[str]
    snapshot: pulumi.Output[str]
    run: pulumi.Output[str]
    evidence: pulumi.Output[str]

    def __init__(
        self, step: PipelineStep, account: Account, base: pulumi.Input[str], media: pulumi.Output[str]
    ) -> None:
        outputs = {"image": None, "snapshot": None, "run": None, "evidence": None}
        props = {**account.props(), **step.props("AmiBuild"), "base": base, "media": media, **outputs}
        super().__init__(StepProvider("aws.build"), step.name, props, child(step.parent))


class AmiRegistration(Resource, module="hallmark", name="AmiRegistration"):
    """The AMI of a root snapshot: the one that there is already, or a new one."""

    ami: pulumi.Output[str]

    def __init__(self, name: str, recipe: str, build: AmiBuild, account: Account, parent: pulumi.Resource) -> None:
        props = {
            **account.props(),
            "fingerprint": needed(build.fingerprint),
            "recipe": recipe,
            "snapshot": needed(build.snapshot),
            "run": needed(build.run),
            "urn": urn_of("AmiRegistration", name, parent=f"{COMPONENT}${AMI_COMPONENT}"),
            "ami": None,
        }
        provider = StepProvider("aws.registration", replace_on=("fingerprint", "snapshot"))
        super().__init__(provider, name, props, child(parent))


class AmiAcceptance(Resource, module="hallmark", name="AmiAcceptance"):
    """The second machine's verdict. When it is no, nothing after it happens."""

    image: pulumi.Output[str]
    accepted: pulumi.Output[bool]

    def __init__(self, step: PipelineStep, account: Account, ami: pulumi.Output[str]) -> None:
        props = {**account.props(), **step.props("AmiAcceptance"), "ami": ami, "image": None, "accepted": None}
        provider = StepProvider("aws.acceptance", replace_on=("fingerprint", "ami"))
        super().__init__(provider, step.name, props, child(step.parent))


class ChannelReadBack(Resource, module="hallmark", name="ChannelReadBack"):
    """The channel's parameter once it holds the image: AWS validates an image id after it has said yes."""

    image: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        account: Account,
        *,
        parameter: pulumi.Input[str],
        image: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        urn = urn_of("ChannelReadBack", name, parent=f"{COMPONENT}${RELEASE_COMPONENT}")
        props = {**account.props(), "parameter": parameter, "image": image, "urn": urn}
        super().__init__(StepProvider("aws.channel", replace_on=("parameter", "image")), name, props, opts)
