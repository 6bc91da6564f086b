"""What is read back through the API, as resources, so that what comes after can depend on it.

Thin dynamic providers, each calling one function of `hallmark`. What they say is decided there.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

from hallmark.aws_settings import AwsSettings

Props = dict[str, Any]


class _Reading(ResourceProvider):
    """Reads anew whenever one of `inputs` changes; leaves nothing behind that could be deleted."""

    inputs: tuple[str, ...] = ()

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        changed = [key for key in self.inputs if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed)


class _NetworkProvider(_Reading):
    inputs = ("vpc", "run")

    def create(self, props: Props) -> CreateResult:
        from hallmark.aws_isolation import prove_isolation
        from hallmark.aws_session import Aws

        proof = prove_isolation(Aws(AwsSettings.model_validate_json(props["aws"])).ec2, props["vpc"])
        return CreateResult(id_=f"{props['vpc']}-isolated", outs={**props, "proof": proof})


class _ChannelProvider(_Reading):
    inputs = ("parameter", "image")

    def create(self, props: Props) -> CreateResult:
        from hallmark.aws_channel import wait_for_channel
        from hallmark.aws_session import Aws

        ssm = Aws(AwsSettings.model_validate_json(props["aws"])).ssm
        wait_for_channel(ssm, props["parameter"], props["image"])
        return CreateResult(id_=f"{props['parameter']}={props['image']}", outs=props)


class NetworkReadBack(Resource, module="hallmark", name="NetworkReadBack"):
    """The network as the API describes it once all of it stands; fails when any way out is found.

    `run` is an id of this inner run: a network that an earlier run left is read again.
    """

    proof: pulumi.Output[str]

    def __init__(
        self, name: str, *, vpc: pulumi.Input[str], run: str, settings: AwsSettings, opts: pulumi.ResourceOptions
    ) -> None:
        props = {"vpc": vpc, "run": run, "aws": settings.model_dump_json(), "proof": None}
        super().__init__(_NetworkProvider(), name, props, opts)


class ChannelReadBack(Resource, module="hallmark", name="ChannelReadBack"):
    """The channel's parameter once it holds the image: AWS validates an image id after it has said yes."""

    image: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        parameter: pulumi.Input[str],
        image: pulumi.Input[str],
        settings: AwsSettings,
        opts: pulumi.ResourceOptions,
    ) -> None:
        props = {"parameter": parameter, "image": image, "aws": settings.model_dump_json()}
        super().__init__(_ChannelProvider(), name, props, opts)
