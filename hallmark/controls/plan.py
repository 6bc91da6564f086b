"""The plan: which controls run in the guest, in which order, with which values.

Pure: what the recipe asks for and what the files say goes in, the plan's own files for the media come out.
The guest parses neither TOML nor JSON, so everything is resolved here.
"""

from __future__ import annotations

import heapq
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from graphlib import TopologicalSorter
from typing import Any, Protocol

from hallmark.common.errors import ControlError
from hallmark.common.fingerprint import Sha256, fingerprint
from hallmark.controls.files import (
    TABLE_PARAMETERS,
    Control,
    Parameter,
    Profile,
    Row,
    Severity,
    Source,
    Value,
    load_controls,
    load_profile,
)

__all__ = [
    "Control",
    "Parameter",
    "Plan",
    "PlannedControl",
    "Profile",
    "Source",
    "compile_plan",
    "expected_table",
    "load_controls",
    "load_profile",
    "lock_table",
    "recipe_environment",
]


Layers = Sequence[tuple[str, Mapping[str, Mapping[str, Any]]]]
"""Where values come from besides a control's defaults, the last one winning: its name for messages, and the values."""


class WaiverLike(Protocol):
    """What a waiver must tell: the control it forgives, why, and its last day."""

    @property
    def control(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def expires(self) -> date: ...


class InstalledLike(Protocol):
    """A package as dpkg lists it."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def architecture(self) -> str: ...


class LockedLike(Protocol):
    """A package of the patch lock, as far as the guest is told."""

    @property
    def name(self) -> str: ...
    @property
    def architecture(self) -> str: ...
    @property
    def from_version(self) -> str | None: ...
    @property
    def to_version(self) -> str: ...
    @property
    def suite(self) -> str: ...
    @property
    def cves(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedControl:
    """One line of the plan: a control, its environment (`HM_*`), and whether its failure is waived."""

    id: str
    title: str
    requirements: tuple[str, ...]
    environment: Mapping[str, str]
    waiver: str | None = None
    may_not_apply: bool = False
    severity: Severity = "medium"
    packages: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    table: tuple[Row, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The controls to run, in order."""

    controls: tuple[PlannedControl, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The planned control ids, in order."""
        return tuple(control.id for control in self.controls)

    @property
    def packages(self) -> dict[str, tuple[str, ...]]:
        """Package → the controls that need it. A waived control needs nothing."""
        brought: dict[str, tuple[str, ...]] = {}
        for control in self.controls:
            for package in control.packages:
                brought[package] = (*brought.get(package, ()), control.id)
        return brought

    @property
    def replaces(self) -> frozenset[str]:
        """Packages of a base that leave the image, because what a control needs cannot be beside them."""
        return frozenset(name for control in self.controls for name in control.replaces)

    @property
    def fingerprint(self) -> Sha256:
        """The plan's identity: order, values, waivers (not the scripts' bytes: those are hashed with image_scripts)."""
        lines = [
            # A control without a table keeps the identity that it had before there were tables.
            [c.id, dict(c.environment), c.waiver, c.may_not_apply, *([c.table] if c.table else [])]
            for c in self.controls
        ]
        return fingerprint("plan", {"controls": lines})

    def files(self) -> dict[str, bytes]:
        """The plan as files of the media: name below its root → bytes."""
        waived = [control.id for control in self.controls if control.waiver is not None]
        environments = {f"plan/env/{c.id}": _assignments(c.environment) for c in self.controls}
        tables = {f"plan/table/{c.id}": _lines("\t".join(row) for row in c.table) for c in self.controls if c.table}
        return {"plan/plan": _lines(self.ids), "plan/waived": _lines(waived), **environments, **tables}


def compile_plan(
    recipe_facts: Mapping[str, Any],
    controls: Mapping[str, Control],
    profile: Profile,
    parameters: Mapping[str, Mapping[str, Any]],
    waivers: Sequence[WaiverLike],
    extra_controls: Iterable[str],
    today: date,
    *,
    origin: str = "recipe",
) -> Plan:
    """Resolve a profile into a plan.

    `recipe_facts` answer a parameter's `from = "recipe.NAME"`; to its packages come
    those of the controls. `parameters` and `waivers` are the recipe's;
    `extra_controls` are those that its mitigations name; `origin` is the recipe's file, for messages.
    ControlError, with file and path in it, for whatever does not fit.
    """
    chosen = _choose(controls, profile, extra_controls, origin)
    _check_parameter_owners(parameters, controls, f"{origin}: hardening.parameters")
    _check_parameter_owners(profile.parameters, controls, f"{profile.path}: parameters")
    reasons = _check_waivers(waivers, chosen, today, origin)
    layers = ((f"{profile.path}: parameters", profile.parameters), (f"{origin}: hardening.parameters", parameters))
    ordered = _ordered(chosen)
    packages = {c.id: () if c.id in reasons else _packages(c, recipe_facts, layers) for c in ordered}
    declared = (*recipe_facts.get("packages", ()), *(name for names in packages.values() for name in names))
    facts = {**recipe_facts, "packages": tuple(dict.fromkeys(declared))} if declared else recipe_facts
    return Plan(
        controls=tuple(
            PlannedControl(
                id=control.id,
                title=control.title,
                requirements=control.requirements,
                environment=_environment(control, facts, layers),
                waiver=reasons.get(control.id),
                may_not_apply=control.may_not_apply is not None,
                severity=control.severity,
                packages=packages[control.id],
                replaces=control.replaces if packages[control.id] else (),
                table=_table(control, layers),
            )
            for control in ordered
        )
    )


def lock_table(packages: Iterable[LockedLike]) -> bytes:
    """`plan/lock.tsv`: name, architecture, to, from or `-`, suite, CVEs or `-`; sorted."""
    rows = (
        (p.name, p.architecture, p.to_version, p.from_version or "-", p.suite, ",".join(p.cves) or "-")
        for p in packages
    )
    return _lines("\t".join(row) for row in sorted(rows))


def expected_table(base: Iterable[InstalledLike], lock: Iterable[LockedLike]) -> bytes:
    """`plan/expected.tsv`: name, version, architecture of all that base and lock together install; sorted."""
    locked = tuple(lock)
    upgraded = {(p.name, p.from_version) for p in locked}  # by name: an upgrade may change the architecture
    versions = {(p.name, p.architecture): p.version for p in base if (p.name, p.version) not in upgraded}
    versions |= {(p.name, p.architecture): p.to_version for p in locked}
    return _lines(f"{name}\t{version}\t{arch}" for (name, arch), version in sorted(versions.items()))


def recipe_environment(values: Mapping[str, str]) -> bytes:
    """`plan/recipe.env`: shell assignments such as `HALLMARK_PURPOSE='a server'`; names must start with HALLMARK_."""
    return _assignments(dict(sorted(values.items())))


def _choose(controls: Mapping[str, Control], profile: Profile, extra: Iterable[str], origin: str) -> dict[str, Control]:
    wanted = [(name, f"{profile.path}: controls[{index}]") for index, name in enumerate(profile.controls)]
    wanted += [(name, f"{origin}: mitigation[{index}].control") for index, name in enumerate(extra)]
    for name, where in wanted:
        if name not in controls:
            raise ControlError(f'{where}: there is no control "{name}"; `ls image_scripts/controls` lists them')
    return {name: controls[name] for name, _ in wanted}


def _check_parameter_owners(
    parameters: Mapping[str, Mapping[str, Any]], controls: Mapping[str, Control], where: str
) -> None:
    for name, values in parameters.items():
        if name not in controls:
            raise ControlError(f'{where}.{name}: there is no control "{name}"')
        mine = (*controls[name].parameters, *(TABLE_PARAMETERS if controls[name].table else ()))
        for parameter in values:
            if parameter not in mine:
                known = ", ".join(mine) or "none"
                raise ControlError(f"{where}.{name}.{parameter}: unknown parameter; this control has: {known}")


def _check_waivers(
    waivers: Sequence[WaiverLike], chosen: Mapping[str, Control], today: date, origin: str
) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for index, waiver in enumerate(waivers):
        where = f"{origin}: hardening.waivers[{index}]"
        if waiver.control not in chosen:
            near = get_close_matches(waiver.control, chosen, n=3, cutoff=0.5)
            meant = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ControlError(
                f'{where}.control: "{waiver.control}" is not in the plan, so there is nothing to waive{meant}'
            )
        if waiver.control in reasons:
            raise ControlError(f'{where}.control: "{waiver.control}" is waived twice')
        if waiver.expires < today:
            raise ControlError(
                f'{where}.expires: the waiver of "{waiver.control}" expired on {waiver.expires}; '
                "satisfy the control, or decide anew and set a later day"
            )
        reasons[waiver.control] = waiver.reason
    return reasons


def _ordered(chosen: Mapping[str, Control]) -> list[Control]:
    """Topological by `after`; among those that are free to run, the profile's order."""
    position = {name: index for index, name in enumerate(chosen)}
    sorter = TopologicalSorter({name: [a for a in c.after if a in chosen] for name, c in chosen.items()})
    sorter.prepare()
    ready: list[tuple[int, str]] = []
    ordered: list[Control] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (position[name], name))
        _, name = heapq.heappop(ready)
        ordered.append(chosen[name])
        sorter.done(name)
    return ordered


def _packages(control: Control, facts: Mapping[str, Any], layers: Layers) -> tuple[str, ...]:
    name = control.packages_when
    if name is not None and not _resolve(control, name, control.parameters[name], facts, layers):
        return ()
    return control.packages


def _table(control: Control, layers: Layers) -> tuple[Row, ...]:
    """The control's rows as profile and recipe have changed them."""
    table = control.table
    if table is None:
        return ()
    for layer, parameters in layers:
        values = parameters.get(control.id, {})
        try:
            rows = table.change(values.get("rows", ()), values.get("without", ()))
        except ValueError as error:
            raise ControlError(f"{layer}.{control.id}.{error}") from error
        table = table.model_copy(update={"rows": rows})
    return table.change((), ())


def _environment(
    control: Control,
    facts: Mapping[str, Any],
    layers: Layers,
) -> dict[str, str]:
    return {
        f"HM_{name.upper()}": _encode(_resolve(control, name, parameter, facts, layers))
        for name, parameter in control.parameters.items()
    }


def _resolve(
    control: Control,
    name: str,
    parameter: Parameter,
    facts: Mapping[str, Any],
    layers: Layers,
) -> Value:
    value, where = _default(control, name, parameter, facts)
    for layer, parameters in layers:
        if name in parameters.get(control.id, {}):
            value, where = parameters[control.id][name], f"{layer}.{control.id}.{name}"
    try:
        return parameter.parse(value)
    except ValueError as error:
        raise ControlError(f"{where}: {error}") from error


def _default(control: Control, name: str, parameter: Parameter, facts: Mapping[str, Any]) -> tuple[Any, str]:
    where = f"{control.folder}/control.toml: parameters.{name}"
    if parameter.fact is None:
        return parameter.default, where
    fact = parameter.fact.removeprefix("recipe.")
    value = facts.get(fact, parameter.default)
    if value is None:
        raise ControlError(f'{where}.from: the recipe has no fact "{fact}"; it has: {", ".join(sorted(facts))}')
    return value, where


def _encode(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _assignments(values: Mapping[str, str]) -> bytes:
    return _lines(f"{name}={shlex.quote(value)}" for name, value in values.items())


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
