"""The recipe: what to build, as a person wrote it in a TOML file. The one entrance that validates it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from hallmark.common.errors import RecipeError
from hallmark.common.validation import STRICT, describe

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_PORT = re.compile(r"([1-9][0-9]{0,4})/(tcp|udp)")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
# Names that Debian's base-passwd gives to groups or accounts of its own: cloud-init cannot make a person of these.
# fmt: off
_TAKEN = frozenset([
    "root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data",
    "backup", "list", "irc", "nobody", "adm", "tty", "disk", "kmem", "dialout", "fax", "voice", "cdrom",
    "floppy", "tape", "sudo", "audio", "dip", "operator", "src", "shadow", "utmp", "video", "sasl", "plugdev",
    "staff", "users", "nogroup",
])
# fmt: on
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_GUEST_PATH = re.compile(r"(/[A-Za-z0-9._+@-]+)+")


def _pattern(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"expected {what}")
        return value

    return AfterValidator(check)


def _check_port(value: str) -> str:
    found = _PORT.fullmatch(value)
    if not found or int(found[1]) > 65535:
        raise ValueError("expected PORT/tcp or PORT/udp")
    return value


def _check_free(value: str) -> str:
    if value in _TAKEN:
        raise ValueError("expected a name that Debian does not use itself")
    return value


def _check_line(value: str) -> str:
    if not value.strip() or len(value.splitlines()) != 1 or not value.isprintable():
        raise ValueError("expected one line of text")
    return value


Name = Annotated[str, _pattern(_NAME, "lower-case letters, digits and hyphens, at most 48")]
PackageName = Annotated[str, _pattern(_PACKAGE, "the name of a Debian package")]
Port = Annotated[str, AfterValidator(_check_port)]
UserName = Annotated[
    str, _pattern(_USER, "a user name: lower-case letters, digits, - and _, at most 31"), AfterValidator(_check_free)
]
Cve = Annotated[str, _pattern(_CVE, "CVE-YEAR-NUMBER")]
GuestPath = Annotated[str, _pattern(_GUEST_PATH, "an absolute path without blanks")]
Line = Annotated[str, AfterValidator(_check_line)]


class Waiver(BaseModel):
    """A control whose failure is forgiven for a while."""

    model_config = STRICT
    control: str
    reason: Line
    expires: date


class Mitigation(BaseModel):
    """What stands in for a patch that cannot be had yet: the control that carries it out, until a day."""

    model_config = STRICT
    cve: Cve
    package: PackageName
    reason: Line
    expires: date
    control: str


class Hardening(BaseModel):
    """Which profile hardens the image, and where the recipe departs from it."""

    model_config = STRICT
    profile: Name
    parameters: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


class Acceptance(BaseModel):
    """The recipe's own tests: shell scripts, relative to the recipe's folder, run as root on the booted candidate."""

    model_config = STRICT
    scripts: tuple[Line, ...] = ()


class MachineShape(BaseModel):
    """The hardware that build and acceptance run on, where the platform leaves the choice to the recipe."""

    model_config = STRICT
    memory_mib: int = Field(default=1024, ge=512, le=65536)
    cpus: int = Field(default=2, ge=1, le=64)


class Recipe(BaseModel):
    """A recipe. `path` is the file that it came from, for messages and for its acceptance scripts."""

    model_config = STRICT
    name: Name
    title: Line
    purpose: Line
    os: Literal["debian-13"] = "debian-13"
    architecture: Literal["amd64"] = "amd64"
    packages: tuple[PackageName, ...] = ()
    listen: tuple[Port, ...] = ()
    administrators: tuple[UserName, ...] = Field(min_length=1)
    setid_files: tuple[GuestPath, ...] = ()
    deadline_minutes: int = Field(default=40, ge=1, le=600)
    hardening: Hardening
    mitigation: tuple[Mitigation, ...] = ()
    acceptance: Acceptance = Field(default_factory=Acceptance)
    machine: MachineShape = Field(default_factory=MachineShape)
    path: Path = Field(exclude=True)

    @model_validator(mode="after")
    def _no_doubles(self) -> Recipe:
        for field in ("packages", "listen", "administrators", "setid_files"):
            values: tuple[str, ...] = getattr(self, field)
            double = next((value for index, value in enumerate(values) if value in values[:index]), None)
            if double is not None:
                raise ValueError(f'{field}: "{double}" is listed twice')
        return self

    @property
    def facts(self) -> dict[str, Any]:
        """What a control's parameters can take over with `from = "recipe.NAME"`."""
        names = ("name", "title", "purpose", "packages", "listen", "administrators", "setid_files")
        return {name: getattr(self, name) for name in names}

    def acceptance_scripts(self) -> dict[str, Path]:
        """Name → file of the recipe's own tests; RecipeError when one is missing."""
        scripts: dict[str, Path] = {}
        for index, text in enumerate(self.acceptance.scripts):
            path = self.path.parent / text
            if not path.is_file():
                raise RecipeError(
                    f'{self.path}: acceptance.scripts[{index}]: expected a shell script, no file "{path}"'
                )
            if path.name in scripts:
                raise RecipeError(f'{self.path}: acceptance.scripts[{index}]: a second script named "{path.name}"')
            scripts[path.name] = path
        return scripts


def load_recipe(path: Path) -> Recipe:
    """Read and validate one recipe; RecipeError with the file and the path in it."""
    try:
        document = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such recipe; `ls {path.parent}` shows what there is") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: expected a readable UTF-8 file: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: expected TOML: {error}") from error
    if "path" in document:
        raise RecipeError(f"{path}: path: unknown key; remove it or mend its name")
    try:
        recipe = Recipe(**document, path=path)
    except ValidationError as error:
        raise RecipeError(describe(str(path), error)) from error
    if recipe.name != path.stem:
        raise RecipeError(f'{path}: name: expected "{path.stem}", the name of its file, got "{recipe.name}"')
    recipe.acceptance_scripts()
    return recipe
