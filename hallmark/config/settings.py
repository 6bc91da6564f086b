"""The stack's configuration, validated whole: Pulumi lets unknown keys pass silently, this module does not.

The descriptions of the fields are the documentation: `tools/docs` makes the table of docs/settings.md from them, and a
test holds those of Pulumi.yaml to them. "Empty" in them is what Pulumi.yaml has as the default: `""` or `{}`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator

from hallmark.common.cache import user_cache
from hallmark.common.errors import SettingsError
from hallmark.common.validation import STRICT, describe, show
from hallmark.config.recipe import Name

PROJECT = "hallmark"
_STRUCTURED = ("recipes", "base", "baseAmi")
_ONLY_LOCAL = ("base",)
ONLY_AWS = ("base_ami", "instance_type", "kms_key", "evidence", "puts_per_second")
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=-]+)*")


def _expand(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError('expected a folder whose "~" can be told') from None


def _blank_is_none(value: object) -> object:
    return None if value in ("", {}) else value


def _blank_is_default(value: object) -> object:
    return {} if value == "" else value


def _zero_is_none(value: object) -> object:
    return None if value in ("0", 0) else value


def _check_sha512(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{128}", value):
        raise ValueError("expected a SHA-512: 128 lower-case hexadecimal digits")
    return value


def _check_evidence(value: str) -> str:
    if not value.startswith("s3:"):
        return str(_expand(Path(value)))
    if not _BUCKET.fullmatch(value):
        raise ValueError("expected s3://BUCKET or s3://BUCKET/PREFIX")
    return value


FilePath = Annotated[Path, AfterValidator(_expand)]


class NamedBase(BaseModel):
    """A qcow2 of the user's own to start from, and the SHA-512 that it must have."""

    model_config = STRICT
    disk: FilePath
    sha512: Annotated[str, AfterValidator(_check_sha512)]


class WantedAmi(BaseModel):
    """The AMI to start from: the newest of these owners whose name matches, the one with this id, or one of our own.

    With `build` it is the disk that the platform `local` builds. The default is Debian's own; the page
    Cloud/AmazonEC2Image of its wiki names the account.
    """

    model_config = STRICT
    # None at all, or a wild card, would take the newest image of that name which anyone has published.
    owners: tuple[Annotated[str, Field(pattern=r"^([0-9]{12}|self|amazon)$")], ...] = Field(
        default=("136693071363",), min_length=1
    )
    name: Annotated[str, Field(min_length=1)] = "debian-13-amd64-*"
    id: Annotated[str, Field(pattern=r"^ami-[0-9a-f]{8,17}$")] | None = None
    build: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> WantedAmi:
        if (self.id or self.build) and len(self.model_fields_set) > 1:
            raise ValueError("expected either an id, or owners and a name, or build alone")
        return self


class Settings(BaseModel):
    """What a stack says: which recipes, where, from which mirror, into which store.

    A field that Pulumi.yaml leaves empty is None, or for `base_ami` the default; `parallel` is None for 0.
    """

    model_config = STRICT
    recipes: tuple[Name, ...] = Field(
        default=("debian-13-server",),
        min_length=1,
        description="The recipes to build, by the names of their files in `recipes/`.",
    )
    platform: Literal["local", "aws"] = Field(
        default="local",
        description="Where to build: `local` is QEMU on this machine, `aws` an isolated VPC for each build.",
    )
    channel: Name = Field(default="stable", description="The channel that an accepted image is released to.")
    patches: str = Field(
        default="latest",
        description="`latest` asks the mirror at each run. Otherwise the path of a patch lock, or of a folder with "
        "a `RECIPE.json` for each recipe.",
    )
    mirror: Annotated[str | None, BeforeValidator(_blank_is_none)] = Field(
        default=None,
        description="The URI of the Debian archive (suites `trixie` and `trixie-updates`). Empty: this machine's own.",
    )
    security_mirror: Annotated[str | None, BeforeValidator(_blank_is_none)] = Field(
        default=None,
        alias="securityMirror",
        description="The URI of the security archive (suite `trixie-security`). Empty: this machine's own.",
    )
    base: Annotated[NamedBase | None, BeforeValidator(_blank_is_none)] = Field(
        default=None,
        description="A disk to start from: `{disk: PATH, sha512: HASH}`. Empty: a fresh Debian 13. Not on AWS.",
    )
    base_ami: Annotated[WantedAmi, BeforeValidator(_blank_is_default)] = Field(
        default_factory=WantedAmi,
        alias="baseAmi",
        description="AWS only. The AMI to start from: the newest that matches `{owners: [ID, ...], name: PATTERN}`, "
        "`{id: AMI}`, or with `{build: true}` the disk that `local` builds. Empty: Debian's newest.",
    )
    instance_type: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")] = Field(
        default="t3.medium",
        alias="instanceType",
        description="AWS only. The type of the machines that build and judge.",
    )
    kms_key: Annotated[str | None, BeforeValidator(_blank_is_none)] = Field(
        default=None,
        alias="kmsKey",
        description="AWS only, and needed there. The customer-managed key that encrypts disks and images: its id, ARN "
        "or alias.",
    )
    evidence: Annotated[Annotated[str, AfterValidator(_check_evidence)] | None, BeforeValidator(_blank_is_none)] = (
        Field(
            default=None,
            description="AWS only. Where evidence is kept: a folder, or `s3://BUCKET/PREFIX`. Empty: a folder in the "
            "store.",
        )
    )
    puts_per_second: Annotated[float, Field(ge=0, le=100000, allow_inf_nan=False)] = Field(
        default=900,
        alias="putsPerSecond",
        description="AWS only. How many blocks a second are written to a snapshot at most. 0: no limit.",
    )
    parallel: Annotated[Annotated[int, Field(ge=1, le=64)] | None, BeforeValidator(_zero_is_none)] = Field(
        default=None,
        json_schema_extra={"default": 0, "minimum": 0},  # as Pulumi.yaml has it
        description="How many machines may run at once, 1 to 64. 0: as many as memory allows, or on AWS the quota of "
        "VPCs.",
    )
    store: Annotated[FilePath | None, BeforeValidator(_blank_is_none)] = Field(
        default=None, description="The image store. Empty: `.hallmark/store` in the checkout."
    )
    cache: Annotated[FilePath | None, BeforeValidator(_blank_is_none)] = Field(
        default=None,
        description="What can be made again: packages, bases, media. Empty: `hallmark` in the user's cache folder "
        "(`XDG_CACHE_HOME`, or `~/.cache`).",
    )

    @property
    def own_base(self) -> bool:
        """Whether the base is made here, so that its disk can be laid out as a recipe asks."""
        return self.base_ami.build if self.platform == "aws" else self.base is None

    def store_folder(self, root: Path) -> Path:
        """Where images go: the setting, else `.hallmark/store` in the checkout `root`."""
        return (root / self.store).absolute() if self.store else root / ".hallmark" / "store"

    def cache_folder(self, root: Path) -> Path:
        """Where what can be made again is kept: the setting, else the user's cache folder."""
        if self.cache:
            return (root / self.cache).absolute()
        return user_cache(os.environ)


_DEFAULTS = Settings()


def load_settings(config: Mapping[str, str], *, where: str) -> Settings:
    """Validate a stack's configuration: Pulumi's `PROJECT:KEY` → text. SettingsError naming `where` and the key.

    Keys of other namespaces (`aws:region`) belong to other programs and are left alone.
    """
    prefix = f"{PROJECT}:"
    values = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    document = {key: _parse(where, key, value) for key, value in values.items()}
    try:
        settings = Settings(**document)
    except ValidationError as error:
        raise SettingsError(describe(f"{where}: {PROJECT}", error)) from error
    _check_platform(settings, where)
    double = next((n for i, n in enumerate(settings.recipes) if n in settings.recipes[:i]), None)
    if double is not None:
        raise SettingsError(f'{where}: {PROJECT}: recipes: "{double}" is listed twice')
    return settings


def _check_platform(settings: Settings, where: str) -> None:
    """SettingsError for a key of the other platform: it would be silently without effect."""
    others = ONLY_AWS if settings.platform == "local" else _ONLY_LOCAL
    for name in others:
        if getattr(settings, name) != getattr(_DEFAULTS, name):
            key = Settings.model_fields[name].alias or name
            raise SettingsError(
                f"{where}: {PROJECT}: {key}: has no effect on platform {settings.platform}; "
                f"remove it, or mend {PROJECT}:platform"
            )
    if settings.platform == "aws" and settings.kms_key is None:
        raise SettingsError(
            f"{where}: {PROJECT}: kmsKey: expected the id, ARN or alias of a customer-managed key, got none; add it"
        )


def _parse(where: str, key: str, value: str) -> Any:
    if key not in _STRUCTURED:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SettingsError(f"{where}: {PROJECT}: {key}: expected a list or an object, got {show(value)}") from None
