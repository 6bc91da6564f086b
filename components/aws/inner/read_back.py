"""The network as it is read back through the API, as a resource, so that what comes after can depend on it.

A thin dynamic provider that calls one function of `hallmark`; what it says is decided there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

if TYPE_CHECKING:
    from hallmark.aws.settings import AwsSettings

Props = dict[str, Any]


class _NetworkProvider(ResourceProvider):
    """Reads anew in each run; leaves nothing behind that could be deleted."""

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        changed = [key for key in ("vpc", "run") if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed)

    def create(self, props: Props) -> CreateResult:
        from hallmark.aws.isolation import prove_isolation
        from hallmark.aws.session import Aws
        from hallmark.aws.settings import AwsSettings

        proof = prove_isolation(Aws(AwsSettings.model_validate_json(props["aws"])).ec2, props["vpc"])
        return CreateResult(id_=f"{props['vpc']}-isolated", outs={**props, "proof": proof})


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
