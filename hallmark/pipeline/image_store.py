"""What the sequence, and the command line, need of the place where a platform keeps its images."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from hallmark.common.fingerprint import Sha256
from hallmark.evidence.summary import Artefact, Summary
from hallmark.order.order import Order
from hallmark.pipeline.machines import RunOutputs

Say = Callable[[str], None]
State = Literal["candidate", "accepted", "rejected"]
BuiltT = TypeVar("BuiltT")
"""What a build leaves: an image of the store, or the root snapshot that an AMI will be registered from."""


class StoredImage(Protocol):
    """What an image says of itself, wherever it is kept."""

    @property
    def id(self) -> str:
        """Its name: the recipe, and the start of its fingerprint."""

    @property
    def state(self) -> State:
        """Candidate until an acceptance has judged it."""

    @property
    def acceptance(self) -> Sha256 | None:
        """The identity of the acceptance that gave it its state."""

    @property
    def reason(self) -> str | None:
        """Why it was rejected, where that is known."""


ImageT = TypeVar("ImageT", bound=StoredImage)


class ImageStore(Protocol[BuiltT, ImageT]):
    """Where a platform keeps images and their evidence, as building and accepting use it."""

    def find(self, order: Order) -> BuiltT | None:
        """What an earlier run built of the same inputs; None when there is nothing that can be used."""

    def keep(self, order: Order, outputs: RunOutputs, work: Path, say: Say) -> BuiltT:
        """Keep a finished build with the evidence in `work`/evidence, so that there is never one without the other."""

    def settle(self, built: BuiltT, say: Say) -> BuiltT:
        """Return once what was built is all there."""

    def name_of(self, built: BuiltT) -> str:
        """What people know it by."""

    def get(self, name: str, order: Order) -> ImageT:
        """The image that is to be judged; HallmarkError when it is not that of the order."""

    def judging(self, image: ImageT, work: Path) -> AbstractContextManager[Path]:
        """Hold an image while it is judged; yields the folder of its evidence, which is kept when the block ends.

        Raises HallmarkError when its bits are not those that the build made.
        """

    def boots(self, image: ImageT) -> str:
        """What the acceptance's machine boots."""

    def subject(self, image: ImageT) -> str:
        """How a message about an image begins."""

    def label(self, image: ImageT) -> str:
        """What people know it by, once it is an image."""

    def retry_words(self, image: ImageT) -> str:
        """The command that lets it be judged again."""

    def evidence_of(self, image: ImageT) -> str:
        """Where people find its evidence."""

    def artefact(self, image: ImageT) -> Artefact:
        """What people launch, for its evidence to name."""

    def released(self, recipe: str, work: Path) -> Summary | None:
        """What the evidence of the recipe's released image says; None without one that has a summary."""

    def accept(self, image: ImageT, acceptance: Sha256) -> ImageT:
        """Mark it as accepted by the acceptance with this identity."""

    def reject(self, image: ImageT, acceptance: Sha256, reason: str) -> None:
        """Mark it as rejected. No channel moves."""


class Catalogue(Protocol):
    """The images of one stack, as the command line shows them. Facts are names and values in the order to show."""

    @property
    def where(self) -> str:
        """The place, in words."""

    @property
    def last_column(self) -> str:
        """The fact that a list shows last: what people launch it by, or its size."""

    def images(self) -> list[dict[str, Any]]:
        """The facts of each image, the newest first."""

    def show(self, name: str) -> dict[str, Any]:
        """The facts of one image, by its id or its recipe's name (the released image, or else the newest).

        `files` are those of its evidence and `summary` is what that says (evidence/summary.py), where `evidence` is a
        folder of this machine.
        """

    def retry(self, name: str) -> dict[str, Any]:
        """Make a rejected image a candidate again; its facts. StoreError for any other."""

    def gc(self, keep: int, *, dry_run: bool = False) -> list[str]:
        """Remove images beyond each recipe's newest `keep` accepted ones; their ids."""
