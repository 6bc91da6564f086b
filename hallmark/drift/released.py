"""What a machine is compared with: the order of its image, and the checks that released it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hallmark.common.errors import StoreError
from hallmark.guest.checks_archive import load_checks, make_archive
from hallmark.order.order import Order
from hallmark.store.image import image_id

_OTHERS = "the checks are the checkout's, and not those that released the image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """An image as it was released: `checks` is name on the media → bytes, scripts and plan together."""

    order: Order
    checks: dict[str, bytes]
    notes: tuple[str, ...]

    @property
    def image(self) -> str:
        """The image's id."""
        return image_id(self.order.recipe, self.order.fingerprint)

    def archive(self) -> bytes:
        """All that a machine is sent, as a tar."""
        return make_archive(self.checks)


def load_released(evidence: Path, checkout: Path) -> Released:
    """What the evidence of an image says of it; `checkout` is the folder of scripts to fall back to.

    Raises StoreError when the evidence is missing, damaged or of another version of Hallmark.
    """
    order = released_order(evidence)
    checks, recorded = load_checks(order, evidence, checkout)
    plan = {name: text.encode() for name, text in order.plan_files.items()}
    return Released(order=order, checks={**checks, **plan}, notes=() if recorded else (_OTHERS,))


def released_order(evidence: Path) -> Order:
    """The order that the evidence of an image holds; StoreError as `load_released` raises it."""
    path = evidence / "order.json"
    try:
        return Order.model_validate_json(path.read_text())
    except (OSError, ValidationError) as problem:
        raise StoreError(f"{path}: expected the order of a released image: {str(problem).splitlines()[0]}") from problem
