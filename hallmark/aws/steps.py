"""The steps of the platform aws, by name. Each calls one function.

`site`, where on AWS something is made (site.py), is a file that `make` reads; what was made before is found in the
stack's region with today's settings of the stack.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from hallmark.aws.channel import released_image, wait_for_channel
from hallmark.aws.evidence import open_evidence
from hallmark.aws.image_store import AwsImageStore
from hallmark.aws.images import Root, exists, get_image, register_image, snapshot_exists
from hallmark.aws.inventory import take_inventory
from hallmark.aws.isolation import prove_isolation
from hallmark.aws.machines import AwsMachines
from hallmark.aws.own_base import make_own_base, with_own_base
from hallmark.aws.session import Aws
from hallmark.aws.settings import AwsSettings
from hallmark.aws.site import Site, current_settings, load_site
from hallmark.base.base import load_base_plan
from hallmark.common.checkout import ROOT
from hallmark.common.errors import AwsError
from hallmark.common.fingerprint import Sha256
from hallmark.order.order import load_order
from hallmark.pipeline.accept import accept_image
from hallmark.pipeline.build import build_image
from hallmark.pipeline.step import Made, Step, StepContext, StepProps
from hallmark.store.image import image_id

Found = Mapping[str, Any] | None


class AwsProps(StepProps):
    """The properties of every step on AWS: its stack, the region of what it makes, and the file of the site."""

    stack: str
    region: str
    site: Path

    @model_validator(mode="before")
    @classmethod
    def _read_an_earlier_state(cls, props: Any) -> Any:
        """Up to version 0.1.0 a state held a copy of the whole site."""
        if "stack" in props or not str(props.get("site", "")).startswith("{"):
            return props
        site = json.loads(props["site"])
        return {**props, "stack": site["stack"], "region": site["aws"]["region"], "site": ""}

    def load_site(self) -> Site:
        """Where on AWS this run makes things, with a base of our own as it is registered there."""
        return with_own_base(load_site(self.site), self.aws)

    @cached_property
    def aws(self) -> Aws:
        """The account as it is reached now."""
        return Aws(current_settings(ROOT, self.stack, self.region))


class BaseProps(AwsProps):
    """A base of our own: the file of its plan, and the AMI that was made of it."""

    plan: Path
    ami: str | None = None


class InventoryProps(AwsProps):
    """An inventory of the AMI that the stack starts from."""

    scripts: Path


class BuildProps(AwsProps):
    """A build, and the root snapshot and evidence that it made."""

    order: Path
    snapshot: str | None = None
    evidence: str | None = None


class RegistrationProps(AwsProps):
    """An AMI of a root snapshot that `run` made."""

    fingerprint: Sha256
    recipe: str
    snapshot: str
    run: str
    ami: str | None = None


class AcceptanceProps(AwsProps):
    """An acceptance, and the AMI that it judges."""

    fingerprint: Sha256
    order: Path
    ami: str


class ChannelProps(AwsProps):
    """A channel's parameter, and the AMI that it must lead to."""

    parameter: str
    image: str


class NetworkProps(BaseModel):
    """The network of one isolated run, in an inner stack; with the machine that has run in it and powered off."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    vpc: str
    aws: str
    machine: str | None = None


class EarlierRelease(AwsProps):
    """A release as version 0.1.0 made it, in one step."""

    parameter: str
    ami: str


def _make_base(props: BaseProps, context: StepContext) -> Made:
    ami = make_own_base(load_site(props.site), load_base_plan(props.plan), props.places, context.say)
    return {"id": ami, "ami": ami}


def _find_base(props: BaseProps) -> Found:
    return {} if props.ami and exists(props.aws, props.ami) else None


def _take_inventory(props: InventoryProps, context: StepContext) -> Made:
    site = props.load_site()
    machines = AwsMachines(site, props.places, context.inner_program)
    status = take_inventory(site, props.scripts, machines, props.places, context.say)
    return {"id": f"{site.base.id}-inventory", "status": pack(status)}


def _build(props: BuildProps, context: StepContext) -> Made:
    order, site = load_order(props.order), props.load_site()
    machines, images = AwsMachines(site, props.places, context.inner_program), AwsImageStore(site)
    root = build_image(order, machines, images, props.places, context.say)
    image = image_id(order.recipe, order.fingerprint)
    evidence = open_evidence(site.evidence, props.aws).where(image)
    return {"id": root.snapshot, "image": image, "snapshot": root.snapshot, "run": root.build, "evidence": evidence}


def _find_root(props: BuildProps) -> Found:
    return {} if props.snapshot and snapshot_exists(props.aws, props.snapshot) else None


def _register(props: RegistrationProps, _context: StepContext) -> Made:
    site = props.load_site()
    root = Root(snapshot=props.snapshot, build=props.run, completed=True)
    labels = site.labels(props.recipe, "image", props.run, props.fingerprint)
    ami = register_image(props.aws, site.base, root, labels).ami
    return {"id": ami, "ami": ami}


def _find_ami(props: RegistrationProps) -> Found:
    return {} if props.ami and exists(props.aws, props.ami) else None


def _accept(props: AcceptanceProps, context: StepContext) -> Made:
    site = props.load_site()
    machines, images = AwsMachines(site, props.places, context.inner_program), AwsImageStore(site)
    image = accept_image(load_order(props.order), props.ami, machines, images, props.places, context.say)
    return {"id": f"{image.ami}-acceptance", "image": image.ami, "accepted": True}


def _find_verdict(props: AcceptanceProps) -> Found:
    image = get_image(props.aws, props.ami) if exists(props.aws, props.ami) else None
    judged = image is not None and image.state == "accepted" and image.acceptance == props.fingerprint
    return {} if judged else None


def _read_channel(props: ChannelProps, _context: StepContext) -> Made:
    wait_for_channel(props.aws.ssm, props.parameter, props.image)
    return {"id": f"{props.parameter}={props.image}"}


def _find_channel(props: ChannelProps) -> Found:
    return {} if released_image(props.aws, props.parameter) == props.image else None


def _prove_network(props: NetworkProps, _context: StepContext) -> Made:
    proof = prove_isolation(Aws(AwsSettings.model_validate_json(props.aws)).ec2, props.vpc, props.machine)
    return {"id": f"{props.vpc}-isolated", "proof": proof}


def pack(text: str) -> str:
    """A long text for Pulumi's state: a quarter of its size."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(packed: str) -> str:
    """What `pack` made."""
    return zlib.decompress(base64.b64decode(packed)).decode()


def _as_it_was(_props: Any) -> Found:
    """What was found once stays true."""
    return {}


def _made_no_more(_props: Any, _context: StepContext) -> Made:
    raise AwsError("this step belongs to an earlier version of Hallmark; nothing makes it any more")


STEPS: Mapping[str, Step[Any]] = {
    "base": Step(props=BaseProps, make=_make_base, find=_find_base, kept=lambda _, props: f"kept: base {props.ami}"),
    "inventory": Step(props=InventoryProps, make=_take_inventory, find=_as_it_was),
    "build": Step(
        props=BuildProps,
        make=_build,
        find=_find_root,
        kept=lambda _, props: f"kept: snapshot {props.snapshot} and evidence {props.evidence}",
    ),
    "registration": Step(
        props=RegistrationProps, make=_register, find=_find_ami, kept=lambda _, props: f"kept: image {props.ami}"
    ),
    "acceptance": Step(props=AcceptanceProps, make=_accept, find=_find_verdict),
    "channel": Step(props=ChannelProps, make=_read_channel, find=_find_channel),
    "network": Step(props=NetworkProps, make=_prove_network, find=_as_it_was),
    "release": Step(
        props=EarlierRelease,
        make=_made_no_more,
        find=_as_it_was,
        kept=lambda _, props: f"kept: channel {props.parameter}, leading to {props.ami}",
    ),
}
