"""The disk of an image, as a recipe asks for it: its size, its partitions, and the one that grows.

What a recipe says comes to a `Layout`, a plain value: two recipes whose layouts are equal start from the same base.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from hallmark.common.fingerprint import fingerprint
from hallmark.common.validation import STRICT

ESP_MIB = 64
_TABLES_MIB = 2
"""The partition table at the disk's start, its copy at the end."""
MountPoint = Literal[
    "/", "/boot", "/home", "/opt", "/srv", "/var", "/var/log", "/var/log/audit", "/var/tmp"  # noqa: S108
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """One file system of a disk: where it is mounted, and its size in MiB."""

    mount_point: str
    mib: int

    @property
    def label(self) -> str:
        """Its name in the partition table, and its file system's: `root`, `var-log`."""
        return self.mount_point.strip("/").replace("/", "-") or "root"


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A disk: its size in MiB, and its partitions besides the EFI system partition, in their order. The last grows."""

    size_mib: int
    partitions: tuple[Partition, ...]

    @property
    def mount_points(self) -> tuple[str, ...]:
        """Where its partitions are mounted but the root, as they are to be mounted."""
        return tuple(sorted(p.mount_point for p in self.partitions if p.mount_point != "/"))

    @property
    def grows(self) -> str:
        """The mount point of the partition that takes what a larger disk has."""
        return self.partitions[-1].mount_point

    @property
    def base_name(self) -> str:
        """What the stack calls a base that is laid out so."""
        return "base" if self == PLAIN else f"base-on-{fingerprint('layout', asdict(self))[:8]}"


def plain(size_mib: int) -> Layout:
    """One file system for everything."""
    return Layout(size_mib=size_mib, partitions=(Partition(mount_point="/", mib=size_mib - ESP_MIB - _TABLES_MIB),))


_PLAIN_GIB, _SEPARATE_GIB = 4, 8
PLAIN = plain(_PLAIN_GIB * 1024)
"""The disk of a recipe that asks for none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Size:
    """How large a partition is when nobody says so, and at least; in MiB."""

    usual: int
    least: int


# In the order of the disk, but for the one that grows. /boot holds two kernels while one replaces the other.
_SIZES: Mapping[MountPoint, _Size] = {
    "/boot": _Size(usual=512, least=256),
    "/": _Size(usual=2048, least=1536),
    "/home": _Size(usual=512, least=64),
    "/opt": _Size(usual=256, least=64),
    "/srv": _Size(usual=256, least=64),
    "/var": _Size(usual=1536, least=512),
    "/var/log": _Size(usual=1024, least=256),
    "/var/log/audit": _Size(usual=256, least=128),
    "/var/tmp": _Size(usual=512, least=128),  # noqa: S108
}


class Disk(BaseModel):
    """The disk that the image is laid on."""

    model_config = STRICT
    size_gib: int | None = Field(
        default=None,
        ge=3,
        le=16384,
        description="How large the disk is, in GiB: 4 unless said otherwise, 8 for `separate`. A machine "
        "may have a larger one.",
    )
    layout: Literal["plain", "separate"] = Field(
        default="plain",
        description="`plain` is one file system for everything. `separate` has partitions for `/boot`, `/home`, "
        "`/opt`, `/srv`, `/var`, `/var/log`, `/var/log/audit` and `/var/tmp`.",
    )
    sizes_mib: Mapping[MountPoint, int] = Field(
        default_factory=dict,
        description="Sizes of single partitions, in MiB, by mount point; `/` is the root. The one that grows has "
        "what is left. Only for `separate`.",
    )
    grow: MountPoint | None = Field(
        default=None,
        description="The mount point of the partition that grows at a boot when the machine's disk is larger. "
        "`/var` unless said otherwise; a plain disk has `/` alone.",
    )

    @field_validator("sizes_mib")
    @classmethod
    def _large_enough(cls, sizes: Mapping[MountPoint, int]) -> Mapping[MountPoint, int]:
        for place, mib in sizes.items():
            if mib < _SIZES[place].least:
                raise ValueError(f'"{place}": expected at least {_SIZES[place].least}')
        return sizes

    @model_validator(mode="after")
    def _fits(self) -> Disk:
        if self.layout == "plain" and (self.sizes_mib or self.grow not in (None, "/")):
            raise ValueError('expected layout = "separate" for sizes_mib or grow: a plain disk has one file system')
        if self._grows in self.sizes_mib:
            raise ValueError(f'sizes_mib: expected no "{self._grows}": it grows, and has what the others leave')
        if self.layout == "separate":
            self._need_room_to_grow()
        return self

    def _need_room_to_grow(self) -> None:
        left, least = self._left(), _SIZES[self._grows].least
        if left < least:
            gib = -(-(self._size_mib - left + least) // 1024)
            raise ValueError(
                f"size_gib: expected at least {gib}, or smaller sizes_mib: the other partitions leave {self._grows} "
                f"{max(left, 0)} MiB, and it needs {least}"
            )

    @property
    def _size_mib(self) -> int:
        return 1024 * (self.size_gib or (_SEPARATE_GIB if self.layout == "separate" else _PLAIN_GIB))

    @property
    def _grows(self) -> MountPoint:
        return self.grow or ("/var" if self.layout == "separate" else "/")

    def _left(self) -> int:
        """What the partition that grows has."""
        others = sum(self.sizes_mib.get(place, _SIZES[place].usual) for place in _SIZES if place != self._grows)
        return self._size_mib - ESP_MIB - _TABLES_MIB - others

    def laid_out(self) -> Layout:
        """What it comes to."""
        if self.layout == "plain":
            return plain(self._size_mib)
        sizes = {place: self.sizes_mib.get(place, size.usual) for place, size in _SIZES.items()}
        del sizes[self._grows]
        sizes[self._grows] = self._left()
        return Layout(
            size_mib=self._size_mib,
            partitions=tuple(Partition(mount_point=place, mib=mib) for place, mib in sizes.items()),
        )
