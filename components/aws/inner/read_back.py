"""The network as it is read back through the API, as a resource, so that what comes after can depend on it."""

from __future__ import annotations

import pulumi
from pulumi.dynamic import Resource

from components.providers import StepProvider
from hallmark.aws.settings import AwsSettings

REREAD_ON = ("vpc", "run", "machine")


class NetworkReadBack(Resource, module="hallmark", name="NetworkReadBack"):
    """The network as the API describes it once all of it stands; fails when any way out is found.

    `run` is an id of this inner run: a network that an earlier run left is read again. The interface of `machine` may
    be there, which has run in it.
    """

    proof: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        vpc: pulumi.Input[str],
        run: str,
        settings: AwsSettings,
        opts: pulumi.ResourceOptions,
        machine: pulumi.Input[str] | None = None,
    ) -> None:
        props = {"vpc": vpc, "run": run, "aws": settings.model_dump_json(), "machine": machine, "proof": None}
        super().__init__(StepProvider("aws.network", replace_on=REREAD_ON), name, props, opts)
