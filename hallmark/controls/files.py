"""The control and profile files of `image_scripts/`: their models and their one entrance.

Everything is validated here, before a machine starts; an error names the file, the path in it and what was expected.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from hallmark.common.errors import ControlError
from hallmark.controls.catalogue import REQUIREMENTS

ControlId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Value = str | int | bool | tuple[str, ...]
"""What a parameter can hold; a list's items and a string are free of line breaks, a list's items of white space too."""

_SCRIPTS = (("apply.sh",), ("check.sh", "check.py"))


_M = TypeVar("_M", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(_Model):
    """Where a control comes from: a public document and the section in it."""

    document: Text
    section: Text


class Parameter(_Model):
    """One parameter of a control; `from` names the recipe's fact that gives the default."""

    type: Literal["string", "integer", "boolean", "list"]
    description: Text
    default: Any = None
    fact: Annotated[str | None, Field(alias="from", pattern=r"^recipe\.[a-z_]+$")] = None
    choices: Annotated[tuple[str, ...], Field(strict=False)] = ()
    minimum: int | None = None
    maximum: int | None = None

    @model_validator(mode="after")
    def _has_a_default(self) -> Self:
        if self.default is None and self.fact is None:
            raise ValueError("expected a default, or `from` naming a fact of the recipe")
        if self.default is not None:
            self.parse(self.default)
        return self

    def parse(self, value: object) -> Value:
        """The value as this parameter's type; ValueError saying what was expected and what was got."""
        parsed = _PARSERS[self.type](value)
        if parsed is None:
            raise ValueError(f"expected {_EXPECTED[self.type]}, got {value!r}")
        self._check_choices(parsed)
        self._check_range(parsed)
        return parsed

    def _check_choices(self, value: Value) -> None:
        words = value if isinstance(value, tuple) else (value,)
        for word in words if self.choices else ():
            if word not in self.choices:
                raise ValueError(f"expected one of {', '.join(self.choices)}, got {word!r}")

    def _check_range(self, value: Value) -> None:
        if not isinstance(value, int):
            return
        if self.minimum is not None and value < self.minimum:
            raise ValueError(f"expected at least {self.minimum}, got {value}")
        if self.maximum is not None and value > self.maximum:
            raise ValueError(f"expected at most {self.maximum}, got {value}")


def _parse_string(value: object) -> str | None:
    return value if isinstance(value, str) and value.isprintable() else None


def _parse_integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parse_boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _parse_list(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    good = all(isinstance(item, str) and item and item.isprintable() and " " not in item for item in value)
    return tuple(value) if good else None


_PARSERS = {"string": _parse_string, "integer": _parse_integer, "boolean": _parse_boolean, "list": _parse_list}
_EXPECTED = {
    "string": "a string of one line",
    "integer": "an integer",
    "boolean": "true or false",
    "list": "a list of strings without white space",
}


class Control(_Model):
    """One hardening rule: the contents of its control.toml, the folder it lives in and its scenarios."""

    id: ControlId
    title: Text
    rationale: Text
    requirements: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1)]
    after: Annotated[tuple[ControlId, ...], Field(strict=False)] = ()
    may_not_apply: Text | None = None
    """When check.sh may say "not applicable", in words; without it exit code 3 counts as an error."""
    parameters: dict[ParameterName, Parameter] = {}
    folder: Annotated[Path, Field(strict=False)]

    @property
    def scenarios(self) -> tuple[Path, ...]:
        """The scenario scripts, sorted: `tests/NAME.pass.sh`, `NAME.fail.sh`, `NAME.refuse.sh` (beyond mending)."""
        return tuple(sorted((self.folder / "tests").glob("*.sh")))

    @property
    def proven(self) -> bool:
        """Whether it has at least one pass and one fail scenario, so that it can count as covering a requirement."""
        names = [path.name for path in self.scenarios]
        return any(n.endswith(".pass.sh") for n in names) and any(n.endswith(".fail.sh") for n in names)


class Profile(_Model):
    """A selection of controls, in the order they run unless `after` says otherwise, and its own parameters."""

    title: Text
    controls: Annotated[tuple[ControlId, ...], Field(strict=False, min_length=1)]
    parameters: dict[ControlId, dict[ParameterName, Any]] = {}
    path: Annotated[Path, Field(strict=False)]


def load_controls(folder: Path) -> dict[str, Control]:
    """Every control below `folder` (`image_scripts/controls`), by id, sorted.

    ControlError for a missing script, a file that is not as it should be, an unknown requirement, a cycle in `after`.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not folders:
        raise ControlError(f"{folder}: expected a folder for each control, got none; is this a whole checkout?")
    controls = {control.id: control for control in map(_load_control, folders)}
    _check_order(controls)
    return controls


def load_profile(path: Path) -> Profile:
    """A profile file; ControlError when it is missing or not as it should be."""
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.toml"))) or "none"
        raise ControlError(f"{path}: no such profile; those that exist: {known}")
    profile = _validate(Profile, path, {**_read_toml(path), "path": path})
    _check_repeats(path, "controls", profile.controls)
    return profile


def _load_control(folder: Path) -> Control:
    path = folder / "control.toml"
    control = _validate(Control, path, {**_read_toml(path), "folder": folder})
    if control.id != folder.name:
        raise ControlError(f'{path}: id: expected the name of its folder, "{folder.name}", got "{control.id}"')
    for names in _SCRIPTS:
        if sum((folder / name).is_file() for name in names) != 1:
            raise ControlError(f"{folder}: expected {' or '.join(names)}, exactly one; a control needs apply and check")
    for index, number in enumerate(control.requirements):
        if number not in REQUIREMENTS:
            raise ControlError(f'{path}: requirements[{index}]: expected a number such as "P1", got "{number}"')
    _check_scenario_names(control)
    return control


def _check_scenario_names(control: Control) -> None:
    for path in control.scenarios:
        if not path.name.endswith((".pass.sh", ".fail.sh", ".refuse.sh")):
            raise ControlError(f"{path}: expected a name that ends in .pass.sh, .fail.sh or .refuse.sh")


def _check_order(controls: Mapping[str, Control]) -> None:
    for control in controls.values():
        for index, other in enumerate(control.after):
            if other not in controls:
                raise ControlError(f'{control.folder}/control.toml: after[{index}]: there is no control "{other}"')
    try:
        TopologicalSorter({control.id: control.after for control in controls.values()}).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        path = controls[cycle[0]].folder / "control.toml"
        raise ControlError(f"{path}: after: expected an order without a cycle, got {' after '.join(cycle)}") from error


def _check_repeats(path: Path, where: str, names: tuple[str, ...]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ControlError(f'{path}: {where}[{index}]: "{name}" is listed twice')


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ControlError(f"{path}: no such file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ControlError(f"{path}: not valid TOML: {error}") from error


def _validate(model: type[_M], path: Path, data: Mapping[str, Any]) -> _M:
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        raise ControlError(f"{path}: {_location(first['loc'])}: {message}") from error


def _location(steps: tuple[int | str, ...]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(whole file)"
