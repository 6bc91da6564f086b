"""What the dynamic providers of all platforms have in common.

Identity by fingerprint, one clear error without a traceback, and an end with the engine.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult

from components.report import reporter
from hallmark.common.errors import HallmarkError
from hallmark.engine.lifeline import die_with_engine

if TYPE_CHECKING:
    from hallmark.order.places import Places

Props = dict[str, Any]
Say = Callable[[str], None]
GONE = ReadResult("", {})


class StepProvider(ResourceProvider):
    """A step: done anew when its fingerprint changes; what it made before stays."""

    def configure(self, req: Any) -> None:
        """Called once, when the provider's process starts."""
        die_with_engine()

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Whether the step has to be done anew."""
        changed = _olds.get("fingerprint") != _news.get("fingerprint")
        return DiffResult(changes=changed, replaces=["fingerprint"] if changed else [])

    def create(self, props: Props) -> CreateResult:
        """Do the step."""
        self.load()
        made = clearly(lambda: self.make(props, places_of(props), reporter(props["urn"])))
        return CreateResult(id_=made.pop("id"), outs={**props, **made})

    def load(self) -> None:
        """Import what all steps need before the first starts, lest a checkout updated meanwhile mixes old and new."""

    def make(self, props: Props, places: Places, say: Say) -> Props:
        """Do the step; returns its outputs and its `id`."""
        raise NotImplementedError


class ReleaseStep(StepProvider):
    """A release: moves its channel to another image; another recipe or channel is another release."""

    image: str
    """The input that names the image."""

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Whether the channel has to be moved, or is another one."""
        moved = any(_olds.get(key) != _news.get(key) for key in ("recipe", "channel"))
        return DiffResult(
            changes=moved or _olds.get(self.image) != _news.get(self.image), replaces=["channel"] if moved else []
        )

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Move the channel."""
        return UpdateResult(outs=self.create(_news).outs)


def child(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of a step below its component."""
    return pulumi.ResourceOptions(parent=parent)


def places_of(props: Props) -> Places:
    """Where the stack keeps things."""
    from hallmark.order.places import Places

    return Places.model_validate_json(props["places"])


def clearly(step: Callable[[], Props]) -> Props:
    """A user's mistake as its message alone; a bug of ours with its traceback, which gRPC would swallow."""
    try:
        return step()
    except HallmarkError:
        raise
    except Exception as error:
        raise RuntimeError(f"a bug in Hallmark: {error}\n{traceback.format_exc()}") from error
