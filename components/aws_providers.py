"""The pipeline's steps on AWS as Pulumi resources: thin dynamic providers, each calling one function of `hallmark`.

As local_providers.py: an input `fingerprint` is a step's identity, nothing here deletes an image. `site` says where on
AWS (hallmark/aws/site.py); it is no part of an identity, what matters of it is in the order already.
"""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import DiffResult, ReadResult, Resource

from components.platform import COMPONENT, Step
from components.report import reporter, urn_of
from components.step_provider import GONE, Props, ReleaseStep, Say, StepProvider, child
from hallmark.common.errors import RejectedError

if TYPE_CHECKING:
    from hallmark.aws.session import Aws
    from hallmark.aws.site import Site
    from hallmark.order.places import Places
    from hallmark.order.resolve import Context

_ROOT = Path(__file__).parents[1]
AMI_COMPONENT = "hallmark:index:GoldenAmi"


class _AwsStep(StepProvider):
    """`inputs` are those that, besides the fingerprint, make a step be done anew."""

    inputs: tuple[str, ...] = ()

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        changed = [key for key in ("fingerprint", *self.inputs) if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed)

    def load(self) -> None:
        from hallmark.aws import driver as aws_driver  # noqa: F401


class _InventoryProvider(_AwsStep):
    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.aws.driver import take_inventory

        site = _site(props)
        status = take_inventory(site, Path(props["scripts"]), places, say)
        return {"id": f"{site.base.id}-inventory", "status": pack(status)}

    def read(self, id_: str, props: Props) -> ReadResult:
        return ReadResult(id_, props)  # what was found in an AMI stays true of it


class _BuildProvider(_AwsStep):
    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.aws.driver import build_root
        from hallmark.aws.evidence import open_evidence
        from hallmark.order.order import load_order
        from hallmark.store.image import image_id

        order, site = load_order(Path(props["order"])), _site(props)
        root = build_root(order, site, places, say)
        image = image_id(order.recipe, order.fingerprint)
        evidence = open_evidence(site.evidence, _aws(props)).where(image)
        return {"id": root.snapshot, "image": image, "snapshot": root.snapshot, "run": root.build, "evidence": evidence}

    def read(self, id_: str, props: Props) -> ReadResult:
        from hallmark.aws.images import snapshot_exists

        return ReadResult(id_, props) if snapshot_exists(_aws(props), props["snapshot"]) else GONE

    def delete(self, id_: str, props: Props) -> None:
        reporter(props["urn"], lasting=True)(f"kept: snapshot {props['snapshot']} and evidence {props['evidence']}")


class _RegistrationProvider(_AwsStep):
    inputs = ("snapshot",)

    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.aws.images import Root, register_image

        site = _site(props)
        root = Root(snapshot=props["snapshot"], build=props["run"], completed=True)
        labels = site.labels(props["recipe"], "image", props["run"], props["fingerprint"])
        ami = register_image(_aws(props), site.base, root, labels).ami
        return {"id": ami, "ami": ami}

    def read(self, id_: str, props: Props) -> ReadResult:
        from hallmark.aws.images import exists

        return ReadResult(id_, props) if exists(_aws(props), props["ami"]) else GONE

    def delete(self, id_: str, props: Props) -> None:
        reporter(props["urn"], lasting=True)(f"kept: image {props['ami']}")


class _AcceptanceProvider(_AwsStep):
    inputs = ("ami",)

    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.aws.driver import accept_ami
        from hallmark.order.order import load_order

        image = accept_ami(load_order(Path(props["order"])), props["ami"], _site(props), places, say)
        return {"id": f"{image.ami}-acceptance", "image": image.ami, "accepted": True}

    def read(self, id_: str, props: Props) -> ReadResult:
        from hallmark.aws.images import exists, get_image

        aws = _aws(props)
        image = get_image(aws, props["ami"]) if exists(aws, props["ami"]) else None
        judged = image is not None and image.state == "accepted" and image.acceptance == props["fingerprint"]
        return ReadResult(id_, props) if judged else GONE


class _ReleaseProvider(ReleaseStep, _AwsStep):
    image = "ami"

    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.aws.channel import release

        if props["accepted"] is not True:
            raise RejectedError(
                f"{props['ami']}: expected an accepted image, got one without a verdict; it is not released"
            )
        parameter = release(_aws(props), props["recipe"], props["channel"], props["ami"])
        return {"id": parameter, "parameter": parameter}

    def read(self, id_: str, props: Props) -> ReadResult:
        from hallmark.aws.channel import released_image

        ami = released_image(_aws(props), props["parameter"])
        return ReadResult(id_, {**props, "ami": ami}) if ami else GONE

    def delete(self, id_: str, props: Props) -> None:
        reporter(props["urn"], lasting=True)(f"kept: channel {props['parameter']}, leading to {props['ami']}")


class AmiInventory(Resource, module="hallmark", name="AmiInventory"):
    """What is installed in the AMI that the stack's images start from: found once for each AMI. `status` is packed."""

    status: pulumi.Output[str]

    def __init__(self, name: str, site: Site, context: Context) -> None:
        props = {
            "fingerprint": site.base_fingerprint,
            "ami": site.base.id,
            "name": site.base.name,
            "site": site.model_dump_json(),
            "scripts": str(context.root / "image_scripts"),
            "places": context.places.model_dump_json(),
            "urn": urn_of("AmiInventory", name),
            "status": None,
        }
        super().__init__(_InventoryProvider(), name, props)


class AmiBuild(Resource, module="hallmark", name="AmiBuild"):
    """One isolated build; what it makes is a root snapshot, which `run` made."""

    fingerprint: pulumi.Output[str]
    image: pulumi.Output[str]
    snapshot: pulumi.Output[str]
    run: pulumi.Output[str]
    evidence: pulumi.Output[str]

    def __init__(self, step: Step, site: Site, more: Props) -> None:
        outputs = {"image": None, "snapshot": None, "run": None, "evidence": None}
        props = {**step.props("AmiBuild"), "site": site.model_dump_json(), **more, **outputs}
        super().__init__(_BuildProvider(), step.name, props, child(step.parent))


class AmiRegistration(Resource, module="hallmark", name="AmiRegistration"):
    """The AMI of a root snapshot: the one that there is already, or a new one."""

    ami: pulumi.Output[str]

    def __init__(self, name: str, recipe: str, build: AmiBuild, site: Site, places: str, parent: Any) -> None:
        props = {
            "fingerprint": build.fingerprint,
            "recipe": recipe,
            "snapshot": build.snapshot,
            "run": build.run,
            "site": site.model_dump_json(),
            "places": places,
            "urn": urn_of("AmiRegistration", name, parent=f"hallmark:index:GoldenImage${AMI_COMPONENT}"),
            "ami": None,
        }
        super().__init__(_RegistrationProvider(), name, props, child(parent))


class AmiAcceptance(Resource, module="hallmark", name="AmiAcceptance"):
    """The second machine's verdict. When it is no, nothing after it happens."""

    image: pulumi.Output[str]
    accepted: pulumi.Output[bool]

    def __init__(self, step: Step, site: Site, ami: pulumi.Output[str]) -> None:
        props = {
            **step.props("AmiAcceptance"),
            "site": site.model_dump_json(),
            "ami": ami,
            "image": None,
            "accepted": None,
        }
        super().__init__(_AcceptanceProvider(), step.name, props, child(step.parent))


class AmiRelease(Resource, module="hallmark", name="AmiRelease"):
    """The status tag that lets consumers launch the AMI, then the channel that leads them to it.

    Happens only to an accepted image: `accepted` is the acceptance's own output, so nothing here starts before its
    verdict. An older image keeps its tag, and `pulumi destroy` leaves tag and channel as they are.
    """

    ami: pulumi.Output[str]
    parameter: pulumi.Output[str]
    channel: pulumi.Output[str]

    def __init__(
        self, recipe: str, channel: str, judged: AmiAcceptance, site: Site, places: str, *, parent: pulumi.Resource
    ) -> None:
        name = f"{recipe}-release"
        props = {
            "recipe": recipe,
            "channel": channel,
            "ami": judged.image,
            "accepted": judged.accepted,
            "site": site.model_dump_json(),
            "places": places,
            "urn": urn_of("AmiRelease", name, parent=COMPONENT),
            "parameter": None,
        }
        super().__init__(_ReleaseProvider(), name, props, child(parent))


def pack(text: str) -> str:
    """A long text for Pulumi's state: a quarter of its size."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(packed: str) -> str:
    """What `pack` made."""
    return zlib.decompress(base64.b64decode(packed)).decode()


def _site(props: Props) -> Site:
    from hallmark.aws.site import Site

    return Site.model_validate_json(props["site"])


def _aws(props: Props) -> Aws:
    from hallmark.aws.session import Aws
    from hallmark.aws.site import settings_of_today

    return Aws(settings_of_today(_site(props), _ROOT))
