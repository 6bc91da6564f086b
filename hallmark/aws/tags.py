"""The tags of everything that Hallmark makes in an AWS account: who made it, for what, and until when it may live.

Tags are how things are found again (adoption), swept (expiry) and allowed (tools/iam/policies.py). They are
given in the call that creates a thing; the status tag alone comes later, when an image is released.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef

MANAGED = "hallmark:managed"
PROJECT = "hallmark:project"
STACK = "hallmark:stack"
RECIPE = "hallmark:recipe"
USE = "hallmark:use"
BUILD = "hallmark:build"
FINGERPRINT = "hallmark:fingerprint"
EXPIRES = "hallmark:expires"
STATUS = "hallmark:status"
RELEASED = "released"
NAME = "Name"

_LONGEST = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """Who makes a thing and for what: the outer stack, the recipe, the use (inventory, build, image…), a run.

    `defaults` are the tags that the stack gives to everything; ours win.
    """

    project: str
    stack: str
    recipe: str
    use: str
    build: str
    fingerprint: str
    defaults: Mapping[str, str] = field(default_factory=dict)

    def lasting(self) -> dict[str, str]:
        """The tags of what stays: AMI, snapshot, parameter."""
        return _checked(
            {
                **self.defaults,
                NAME: f"hallmark-{self.recipe}-{self.use}",
                MANAGED: "true",
                PROJECT: self.project,
                STACK: self.stack,
                RECIPE: self.recipe,
                USE: self.use,
                BUILD: self.build,
                FINGERPRINT: self.fingerprint,
            }
        )

    def passing(self, expires: datetime) -> dict[str, str]:
        """The tags of what must be gone by `expires` (an aware time): network, machine, volumes."""
        return {**self.lasting(), EXPIRES: format_time(expires)}


def format_time(moment: datetime) -> str:
    """An aware time as its tag's text: UTC to the second, sorting by age."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pairs(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def has_expired(tags: dict[str, str], now: datetime) -> bool:
    """Whether a thing of ours is past its expiry; False without one, or with one that cannot be read."""
    text = tags.get(EXPIRES, "")
    try:
        expires = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return tags.get(MANAGED) == "true" and expires < now


def _checked(tags: dict[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if len(value) > _LONGEST:
            raise ValueError(f"{key}: expected at most {_LONGEST} characters, got {len(value)}")
    return tags
