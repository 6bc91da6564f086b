"""The stack's configuration, validated whole: Pulumi lets unknown keys pass silently, this module does not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from hallmark.errors import SettingsError
from hallmark.recipe import Name
from hallmark.validation import STRICT, describe, show

PROJECT = "hallmark"
_STRUCTURED = ("recipes", "base")


def _expand(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError('expected a folder whose "~" can be told') from None


def _blank_is_none(value: object) -> object:
    return None if value in ("", {}) else value


def _zero_is_none(value: object) -> object:
    return None if value in ("0", 0) else value


def _check_sha512(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{128}", value):
        raise ValueError("expected a SHA-512: 128 lower-case hexadecimal digits")
    return value


FilePath = Annotated[Path, AfterValidator(_expand)]


class NamedBase(BaseModel):
    """A qcow2 of the user's own to start from, and the SHA-512 that it must have."""

    model_config = STRICT
    disk: FilePath
    sha512: Annotated[str, AfterValidator(_check_sha512)]


class Settings(BaseModel):
    """What a stack says: which recipes, where, from which mirror, into which store.

    `patches` is `latest` or the path of a patch lock; `parallel` is how many machines may run at once, None as many as
    memory allows; `cache` holds what can be made again.
    """

    model_config = STRICT
    recipes: tuple[Name, ...] = Field(default=("debian-13-server",), min_length=1)
    platform: Literal["local"] = "local"
    mirror: Annotated[str | None, BeforeValidator(_blank_is_none)] = None
    security_mirror: Annotated[str | None, BeforeValidator(_blank_is_none)] = Field(
        default=None, alias="securityMirror"
    )
    patches: str = "latest"
    channel: Name = "stable"
    parallel: Annotated[Annotated[int, Field(ge=1, le=64)] | None, BeforeValidator(_zero_is_none)] = None
    base: Annotated[NamedBase | None, BeforeValidator(_blank_is_none)] = None
    store: Annotated[FilePath | None, BeforeValidator(_blank_is_none)] = None
    cache: Annotated[FilePath | None, BeforeValidator(_blank_is_none)] = None

    def store_folder(self, root: Path) -> Path:
        """Where images go: the setting, else `.hallmark/store` in the checkout `root`."""
        return (root / self.store).absolute() if self.store else root / ".hallmark" / "store"

    def cache_folder(self, root: Path) -> Path:
        """Where what can be made again is kept: the setting, else the user's cache folder."""
        if self.cache:
            return (root / self.cache).absolute()
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / PROJECT


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
    double = next((n for i, n in enumerate(settings.recipes) if n in settings.recipes[:i]), None)
    if double is not None:
        raise SettingsError(f'{where}: {PROJECT}: recipes: "{double}" is listed twice')
    return settings


def _parse(where: str, key: str, value: str) -> Any:
    if key not in _STRUCTURED:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SettingsError(f"{where}: {PROJECT}: {key}: expected a list or an object, got {show(value)}") from None
