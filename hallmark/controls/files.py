"""The control and profile files of `image_scripts/`: their models and their one entrance.

Everything is validated here, before a machine starts; an error names the file, the path in it and what was expected.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from hallmark.common.errors import ControlError
from hallmark.common.validation import DebianName
from hallmark.controls.catalogue import REQUIREMENTS

ControlId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Severity = Literal["low", "medium", "high"]
"""What it costs when a control does not hold: high is a way in or up, medium makes one easier, low is good order."""
Row = tuple[str, ...]
"""A row of a control's table: its cells, the key first, and one more at the end for the reason (`-` for none)."""
Value = str | int | bool | tuple[str, ...]
"""What a parameter can hold; a list's items and a string are free of line breaks, a list's items of white space too."""

_SCRIPTS = (("apply.sh",), ("check.sh", "check.py"))
_LISTED = Field(strict=False)  # TOML has lists where the models have tuples


TABLE_PARAMETERS = ("rows", "without")
"""What a recipe may say of a control's table, among the control's parameters."""

_M = TypeVar("_M", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(_Model):
    """Where a control comes from: a public document and the section in it."""

    document: Text
    section: Text


class References(_Model):
    """Where others ask for the same, by number: the CIS benchmark for Debian 13, ANSSI-BP-028, NIST SP 800-53."""

    cis: Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^[1-7](\.[0-9]{1,2}){1,4}$")], ...], _LISTED] = ()
    anssi: Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^R[0-9]{1,2}$")], ...], _LISTED] = ()
    nist: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}-[0-9]{1,2}(\([0-9]{1,2}\))?$")], ...], _LISTED
    ] = ()


class Table(_Model):
    """Many settings of one kind, one a row: the first cell is the row's key, a cell beyond the columns its reason.

    In a recipe's parameters `rows` replaces or adds rows by their key, and `without` leaves rows out.
    """

    columns: Annotated[tuple[ParameterName, ...], Field(strict=False, min_length=1)]
    rows: Annotated[tuple[Annotated[Row, _LISTED], ...], Field(strict=False, min_length=1)]
    patterns: dict[ParameterName, str] = {}
    """Column → what its cells must match as a whole (a regular expression)."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for name in self.patterns:
            if name not in self.columns:
                raise ValueError(f'patterns: there is no column "{name}"')
        self.change(self.rows, ())
        return self

    def change(self, rows: object, without: object) -> tuple[Row, ...]:
        """The table's rows, changed; each with its reason. ValueError saying what was expected and what was got."""
        changed = {row[0]: self._full(row) for row in self.rows}
        if len(changed) < len(self.rows):
            raise ValueError("rows: expected each key once")
        for key in _list_of(without, "without", "keys"):
            if key not in changed:
                raise ValueError(f"without: the table has no row {key!r}")
            del changed[key]
        for row in _list_of(rows, "rows", "rows"):
            full = self._full(row)
            changed[full[0]] = full
        return tuple(changed.values())

    def _full(self, row: object) -> Row:
        count = len(self.columns)
        cells = list(row) if isinstance(row, list | tuple) else []
        good = all(isinstance(cell, str) and cell and cell.isprintable() for cell in cells)
        if not good or len(cells) not in (count, count + 1):
            raise ValueError(f"rows: expected [{', '.join(self.columns)}] and perhaps a reason, as text, got {row!r}")
        for name, cell in zip(self.columns, cells, strict=False):
            if name in self.patterns and not re.fullmatch(self.patterns[name], cell):
                raise ValueError(f"rows: {cells[0]}: {name}: expected what matches {self.patterns[name]}, got {cell!r}")
        return tuple(cells) if len(cells) > count else (*cells, "-")


def _list_of(value: object, name: str, what: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name}: expected a list of {what}, got {value!r}")
    return list(value)


class Parameter(_Model):
    """One parameter of a control; `from` names the recipe's fact that gives the default."""

    type: Literal["string", "integer", "boolean", "list"]
    description: Text
    default: Any = None
    fact: Annotated[str | None, Field(alias="from", pattern=r"^recipe\.[a-z_]+$")] = None
    choices: Annotated[tuple[str, ...], _LISTED] = ()
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    """What a string, or each item of a list, must match as a whole (a regular expression); an empty string may be."""

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
        self._check_pattern(parsed)
        return parsed

    def _check_pattern(self, value: Value) -> None:
        words = value if isinstance(value, tuple) else (value,)
        for word in words if self.pattern else ():
            if word and not (isinstance(word, str) and re.fullmatch(self.pattern or "", word)):
                raise ValueError(f"expected what matches {self.pattern}, got {word!r}")

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
    severity: Severity
    references: References = References()
    packages: Annotated[tuple[DebianName, ...], _LISTED] = ()
    """What it needs of Debian; they join the recipe's packages in the lock."""
    packages_when: ParameterName | None = None
    """The parameter that must not be empty for `packages` to be needed."""
    replaces: Annotated[tuple[DebianName, ...], _LISTED] = ()
    """Packages of a base that cannot be beside `packages`: where these are needed, those leave the image."""
    table: Table | None = None
    after: Annotated[tuple[ControlId, ...], _LISTED] = ()
    may_not_apply: Text | None = None
    """When check.sh may say "not applicable", in words; without it exit code 3 counts as an error."""
    parameters: dict[ParameterName, Parameter] = {}
    folder: Annotated[Path, Field(strict=False)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.packages_when is not None and self.packages_when not in self.parameters:
            raise ValueError(f'packages_when: there is no parameter "{self.packages_when}"')
        for name in TABLE_PARAMETERS if self.table else ():
            if name in self.parameters:
                raise ValueError(f"parameters.{name}: expected another name; this one changes the table")
        return self

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
    """A selection of controls, in the order they run unless `after` says otherwise, and its own parameters.

    One that extends another has its controls, and behind them its own; of parameters its own values win.
    """

    title: Text
    extends: ControlId | None = None
    controls: Annotated[tuple[ControlId, ...], _LISTED] = ()
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
    if profile.extends is not None:
        profile = _extended(profile, load_profile(path.with_name(f"{profile.extends}.toml")))
    if not profile.controls:
        raise ControlError(f"{path}: controls: expected at least one")
    _check_repeats(path, "controls", profile.controls)
    return profile


def _extended(profile: Profile, base: Profile) -> Profile:
    if base.extends is not None:
        raise ControlError(f'{profile.path}: extends: "{profile.extends}" extends another profile itself')
    parameters = {
        control: {**base.parameters.get(control, {}), **profile.parameters.get(control, {})}
        for control in {**base.parameters, **profile.parameters}
    }
    return profile.model_copy(update={"controls": (*base.controls, *profile.controls), "parameters": parameters})


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
