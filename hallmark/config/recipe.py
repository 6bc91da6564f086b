"""The recipe: what to build, as a person wrote it in a TOML file. The one entrance that validates it.

The descriptions of the fields are the documentation: `tools/docs` makes the tables of docs/recipes.md and the schema
that editors complete recipes with from them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError, WithJsonSchema, model_validator
from pydantic.config import JsonDict

from hallmark.common.errors import RecipeError
from hallmark.common.validation import STRICT, describe
from hallmark.config.disk import Disk

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LOOPBACK = rf"(127(\.{_OCTET}){{3}}|\[::1\]):"
_NUMBER = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_PORT = re.compile(rf"({_LOOPBACK})?{_NUMBER}/(tcp|udp)")
_PORT_WORDS = "PORT/tcp or PORT/udp, or on loopback 127.0.0.1:PORT/tcp or [::1]:PORT/tcp"
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
# What JSON Schema can say of `str.isprintable`: neither control characters nor other ends of lines, and no blank alone.
_LINE = re.compile(r" *[^\x00-\x20\x7f-\xa0\xad\u2028\u2029][^\x00-\x1f\x7f-\xa0\xad\u2028\u2029]*")
_RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,150}")
_EACH_ONCE: JsonDict = {"uniqueItems": True}  # for the schema; `_no_doubles` says it for the model


def _pattern(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"expected {what}")
        return value

    return AfterValidator(check)


def _in_schema(pattern: re.Pattern[str], **more: Any) -> WithJsonSchema:
    """The same pattern for the schema: JSON Schema's patterns match anywhere unless they are told not to."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern.pattern}$", **more})


def _check_free(value: str) -> str:
    if value in _TAKEN:
        raise ValueError("expected a name that Debian does not use itself")
    return value


def _check_line(value: str) -> str:
    if not value.strip() or len(value.splitlines()) != 1 or not value.isprintable():
        raise ValueError("expected one line of text")
    return value


Name = Annotated[str, _pattern(_NAME, "lower-case letters, digits and hyphens, at most 48"), _in_schema(_NAME)]
PackageName = Annotated[str, _pattern(_PACKAGE, "the name of a Debian package"), _in_schema(_PACKAGE)]
Port = Annotated[str, _pattern(_PORT, _PORT_WORDS), _in_schema(_PORT)]
UserName = Annotated[
    str,
    _pattern(_USER, "a user name: lower-case letters, digits, - and _, at most 31"),
    AfterValidator(_check_free),
    _in_schema(_USER, **{"not": {"enum": sorted(_TAKEN)}}),
]
Cve = Annotated[str, _pattern(_CVE, "CVE-YEAR-NUMBER"), _in_schema(_CVE)]
GuestPath = Annotated[str, _pattern(_GUEST_PATH, "an absolute path without blanks"), _in_schema(_GUEST_PATH)]
Rule = Annotated[str, _pattern(_RULE, "a rule as the judge names it, without blanks"), _in_schema(_RULE)]
Line = Annotated[str, AfterValidator(_check_line), _in_schema(_LINE)]


class Waiver(BaseModel):
    """A control whose failure is forgiven for a while."""

    model_config = STRICT
    control: str = Field(description="The id of the control.")
    reason: Line = Field(description="Why it may fail, in one line. The evidence records it.")
    expires: date = Field(description="The last day on which it may fail.")


class Mitigation(BaseModel):
    """What stands in for a patch that cannot be had yet: the control that carries it out, until a day."""

    model_config = STRICT
    cve: Cve = Field(description="The vulnerability, as `CVE-YEAR-NUMBER`.")
    package: PackageName = Field(description="The package that has it: a binary package or its source package.")
    reason: Line = Field(description="Why there is no patch yet and what is done instead, in one line.")
    expires: date = Field(description="The last day on which the mitigation stands in.")
    control: str = Field(description="The id of the control that carries it out. It joins the plan.")


class JudgeException(BaseModel):
    """A rule of a judge that may fail for a while."""

    model_config = STRICT
    rule: Rule = Field(
        description="The rule, as the judge names it: `sshd_set_idle_timeout`, `BOOT-5122`, `kex:NAME`. "
        "docs/judges.md says where the names are."
    )
    reason: Line = Field(description="Why it may fail, in one line. The evidence and docs/judges.md tell it.")
    expires: date = Field(description="The last day on which it may fail.")


class Judge(BaseModel):
    """A tool that is not ours, which judges the booted candidate."""

    model_config = STRICT
    name: Literal["lynis", "openscap", "ssh-audit"] = Field(description="The tool.")
    profile: Literal["anssi_bp28_enhanced", "cis_level1_server", "cis_level2_server"] | None = Field(
        default=None, description="The profile of the SCAP Security Guide; needed for `openscap`, and for no other."
    )
    least_score: int = Field(
        ge=0,
        le=100,
        description="The score, in percent, below which the candidate is rejected. docs/judges.md says how each judge "
        "scores.",
    )
    exceptions: tuple[JudgeException, ...] = Field(
        default=(), description="Rules that may fail: they do not count for `least_score`."
    )

    @model_validator(mode="after")
    def _fits(self) -> Judge:
        if (self.name == "openscap") is (self.profile is None):
            wanted = "a profile with openscap" if self.profile is None else f"no profile with {self.name}"
            raise ValueError(f"profile: expected {wanted}")
        rules = [exception.rule for exception in self.exceptions]
        double = next((rule for index, rule in enumerate(rules) if rule in rules[:index]), None)
        if double is not None:
            raise ValueError(f'exceptions: "{double}" is listed twice')
        return self

    @property
    def label(self) -> str:
        """What people and files know it by: its name, and its profile."""
        return self.name if self.profile is None else f"{self.name}-{self.profile}"


class Hardening(BaseModel):
    """Which profile hardens the image, and where the recipe departs from it."""

    model_config = STRICT
    profile: Name = Field(
        description="The profile that selects the controls: a file of `image_scripts/profiles/`. "
        "`server` is for use; `strict` is `server` and tighter; `minimal` is for tests."
    )
    parameters: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="Values for the controls: control, parameter, value. They override the profile's. "
        "`docs/controls.md` lists them.",
    )
    waivers: tuple[Waiver, ...] = Field(default=(), description="Controls whose failure is forgiven for a while.")


class Acceptance(BaseModel):
    """The recipe's own tests: shell scripts, relative to the recipe's folder, run as root on the booted candidate."""

    model_config = STRICT
    scripts: tuple[Line, ...] = Field(
        default=(),
        description="Shell scripts, relative to the recipe's folder. They run as root on the booted candidate. "
        "Any exit code but 0 rejects it.",
    )


class MachineShape(BaseModel):
    """The hardware that build and acceptance run on, where the platform leaves the choice to the recipe."""

    model_config = STRICT
    memory_mib: int = Field(
        default=1024, ge=512, le=65536, description="Memory of each machine, in MiB. On AWS the instance type decides."
    )
    cpus: int = Field(
        default=2, ge=1, le=64, description="Processors of each machine. On AWS the instance type decides."
    )


class Recipe(BaseModel):
    """A recipe. `path` is the file that it came from, for messages and acceptance scripts; `text` is what was in it."""

    model_config = STRICT
    name: Name = Field(
        description="The name of the file without `.toml`: lower-case letters, digits and hyphens, at most 48."
    )
    title: Line = Field(description="One line that tells people what the image is.")
    purpose: Line = Field(description="The one purpose of the machine, in one line. The image records it.")
    os: Literal["debian-13"] = Field(default="debian-13", description="The system. There is no other yet.")
    architecture: Literal["amd64"] = Field(default="amd64", description="The processor. There is no other yet.")
    packages: tuple[PackageName, ...] = Field(
        default=(),
        json_schema_extra=_EACH_ONCE,
        description="Debian packages to install besides the base. What they depend on comes with them; what they only "
        "recommend does not.",
    )
    listen: tuple[Port, ...] = Field(
        default=(),
        json_schema_extra=_EACH_ONCE,
        description="What may listen: on a network as `PORT/tcp` or `PORT/udp`, on loopback alone as "
        "`127.0.0.1:PORT/tcp` or `[::1]:PORT/tcp`. Anything else that listens fails the image.",
    )
    administrators: tuple[UserName, ...] = Field(
        min_length=1,
        json_schema_extra=_EACH_ONCE,
        description="The people who get an account and may use `sudo`. Names of Debian's own accounts and groups are "
        "refused. `hallmark run` signs in as the first.",
    )
    setid_files: tuple[GuestPath, ...] = Field(
        default=(),
        json_schema_extra=_EACH_ONCE,
        description="Absolute paths of the files that may be setuid or setgid. Every other file loses the bit, "
        "`sudo` too.",
    )
    deadline_minutes: int = Field(
        default=40,
        ge=1,
        le=600,
        description="How many minutes a machine may take. Then the guest powers itself off; two minutes later the "
        "host ends it.",
    )
    hardening: Hardening = Field(description="Which profile hardens the image, and where the recipe departs from it.")
    mitigation: tuple[Mitigation, ...] = Field(
        default=(), description="Vulnerabilities that are dealt with in another way until there is a patch."
    )
    acceptance: Acceptance = Field(default_factory=Acceptance, description="The recipe's own tests.")
    judge: tuple[Judge, ...] = Field(
        default=(), description="Tools that are not ours, which judge the booted candidate."
    )
    machine: MachineShape = Field(
        default_factory=MachineShape, description="The machines that build and judge the image."
    )
    disk: Disk = Field(default_factory=Disk, description="The disk that the image is laid on.")
    path: Path = Field(exclude=True)
    text: str = Field(exclude=True)

    @model_validator(mode="after")
    def _no_doubles(self) -> Recipe:
        for field in ("packages", "listen", "administrators", "setid_files"):
            values: tuple[str, ...] = getattr(self, field)
            double = next((value for index, value in enumerate(values) if value in values[:index]), None)
            if double is not None:
                raise ValueError(f'{field}: "{double}" is listed twice')
        labels = [judge.label for judge in self.judge]
        if (double := next((each for index, each in enumerate(labels) if each in labels[:index]), None)) is not None:
            raise ValueError(f'judge: "{double}" is asked twice')
        return self

    @property
    def facts(self) -> dict[str, Any]:
        """What a control's parameters can take over with `from = "recipe.NAME"`."""
        names = ("name", "title", "purpose", "packages", "listen", "administrators", "setid_files")
        network, local = self._listeners(on_loopback=False), self._listeners(on_loopback=True)
        return {
            **{name: getattr(self, name) for name in names},
            "listen_network": network,
            "listen_local": local,
            "partitions": self.disk.laid_out().mount_points,
        }

    def _listeners(self, *, on_loopback: bool) -> tuple[str, ...]:
        return tuple(word for word in self.listen if (":" in word) is on_loopback)

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
        text = path.read_text()
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such recipe; `ls {path.parent}` shows what there is") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: expected a readable UTF-8 file: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: expected TOML: {error}") from error
    for key in ("path", "text"):
        if key in document:
            raise RecipeError(f"{path}: {key}: unknown key; remove it or mend its name")
    try:
        recipe = Recipe(**document, path=path, text=text)
    except ValidationError as error:
        raise RecipeError(describe(str(path), error)) from error
    if recipe.name != path.stem:
        raise RecipeError(f'{path}: name: expected "{path.stem}", the name of its file, got "{recipe.name}"')
    recipe.acceptance_scripts()
    return recipe
