"""The steps on `local` as Pulumi resources: each is the step of the same name in hallmark/local/steps.py."""

from __future__ import annotations

import pulumi
from pulumi.dynamic import Resource

from components.providers import StepProvider
from components.report import urn_of
from components.step import COMPONENT, PipelineStep, child
from hallmark.base.base import BasePlan, save_base_plan
from hallmark.order.resolve import Context

IN_THE_STORE = ("fingerprint", "places.store")


class Base(Resource, module="hallmark", name="Base"):
    """The base disk that the stack's images start from."""

    disk: pulumi.Output[str]

    def __init__(self, name: str, plan: BasePlan, context: Context) -> None:
        props = {
            "fingerprint": plan.fingerprint,
            "plan": str(save_base_plan(plan, context.places.cache)),
            "packages": plan.summary(),
            "places": context.places.model_dump_json(),
            "urn": urn_of("Base", name),
            "disk": None,
        }
        super().__init__(StepProvider("local.base", replace_on=("fingerprint", "places.cache")), name, props)


class ImageBuild(Resource, module="hallmark", name="ImageBuild"):
    """One isolated build; what it makes is a candidate."""

    image: pulumi.Output[str]
    disk: pulumi.Output[str]
    evidence: pulumi.Output[str]

    def __init__(self, step: PipelineStep, base: pulumi.Output[str], media: pulumi.Output[str]) -> None:
        outputs = {"image": None, "disk": None, "evidence": None}
        props = {**step.props("ImageBuild"), "base": base, "media": media, **outputs}
        super().__init__(StepProvider("local.build", replace_on=IN_THE_STORE), step.name, props, child(step.parent))


class Acceptance(Resource, module="hallmark", name="Acceptance"):
    """The second machine's verdict. When it is no, nothing after it happens."""

    image: pulumi.Output[str]
    accepted: pulumi.Output[bool]

    def __init__(self, step: PipelineStep, image: pulumi.Output[str]) -> None:
        props = {**step.props("Acceptance"), "image": image, "accepted": None}
        super().__init__(
            StepProvider("local.acceptance", replace_on=IN_THE_STORE), step.name, props, child(step.parent)
        )


class Release(Resource, module="hallmark", name="Release"):
    """The channel, pointing at the accepted image. It moves in place; another channel is another release."""

    image: pulumi.Output[str]
    channel: pulumi.Output[str]

    def __init__(
        self, recipe: str, channel: str, image: pulumi.Input[str], places: str, *, parent: pulumi.Resource
    ) -> None:
        name = f"{recipe}-release"
        props = {
            "recipe": recipe,
            "channel": channel,
            "image": image,
            "places": places,
            "urn": urn_of("Release", name, parent=COMPONENT),
        }
        provider = StepProvider("local.release", replace_on=("recipe", "channel", "places.store"), update_on=("image",))
        super().__init__(provider, name, props, child(parent))
