"""Patch media: the same step on every platform, made on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import ReadResult, Resource

from components.platform import Step
from components.step_provider import GONE, Props, Say, StepProvider, child

if TYPE_CHECKING:
    from hallmark.order.places import Places


class _MediaProvider(StepProvider):
    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.order.order import load_order
        from hallmark.pipeline.build import make_patch_media

        iso, manifest = make_patch_media(load_order(Path(props["order"])), places, say)
        return {"id": manifest[:16], "iso": str(iso), "manifest": manifest}

    def read(self, id_: str, props: Props) -> ReadResult:
        return ReadResult(id_, props) if Path(props["iso"]).exists() else GONE


class PatchMedia(Resource, module="hallmark", name="PatchMedia"):
    """The read-only ISO 9660 volume that carries patches, scripts and plan into the machine."""

    iso: pulumi.Output[str]
    manifest: pulumi.Output[str]

    def __init__(self, step: Step) -> None:
        props = {**step.props("PatchMedia"), "iso": None, "manifest": None}
        super().__init__(_MediaProvider(), step.name, props, child(step.parent))
