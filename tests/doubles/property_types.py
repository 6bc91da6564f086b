"""Which properties a resource type takes, read from the SDK's own classes (pulumi_aws, pulumi_command).

The real provider judges inputs by its Terraform schema. That is not here; but the SDK's `XArgs` classes are
generated from it, with each name, type and whether it is required. So an unknown, missing or mistyped property
fails in the double too. What the classes do not say (allowed values, conflicts, lengths) is not checked here.
"""

from __future__ import annotations

import collections.abc
import functools
import importlib.util
import re
import sys
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi._types import input_type_py_to_pulumi_names

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # what the engine sends in a preview for a value not known yet
_SCALARS: dict[type, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (int, float)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One property that is wrong: its path, and what was expected."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Properties:
    """The properties of one class: name on the wire → type, and which are required."""

    types: dict[str, Any]
    required: frozenset[str]


def snake(name: str) -> str:
    """`networkAclRule` as `network_acl_rule`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def load_modules_alone(package: str) -> None:
    """Let the SDK's modules be imported without the hundreds beside them; for a plugin's process, not a program's.

    A plugin starts with each run, and a service's whole package takes a quarter of a second.
    """
    spec = importlib.util.find_spec(package)
    assert spec is not None
    [folder] = map(Path, spec.submodule_search_locations or [])
    services = [path for path in folder.iterdir() if (path / "__init__.py").exists()]
    for path in (folder, *services):
        name = package if path == folder else f"{package}.{path.name}"
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(path)]


def sdk_module(token: str) -> types.ModuleType:
    """The SDK's module of a token: `aws:ec2/vpc:Vpc` is pulumi_aws.ec2.vpc."""
    package, path, name = token.split(":")
    parts = [snake(part) for part in path.split("/") if part != "index"]
    if "/" not in path:
        parts.append(snake(name))
    return importlib.import_module(".".join([f"pulumi_{package}", *parts]))


@functools.cache
def inputs_of(token: str) -> Properties:
    """What a resource type takes."""
    module = sdk_module(token)
    return properties_of(getattr(module, token.rsplit(":", 1)[1] + "Args"))


@functools.cache
def outputs_of(token: str) -> frozenset[str]:
    """The names of all properties of a resource type's state, on the wire (empty where the SDK has no state class)."""
    module = sdk_module(token)
    state = getattr(module, f"_{token.rsplit(':', 1)[1]}State", None)
    return frozenset(properties_of(state).types) if state else frozenset()


@functools.cache
def properties_of(cls: type) -> Properties:
    """The properties of one of the SDK's input classes."""
    init: Any = cls.__init__  # type: ignore[misc]
    namespace = {**vars(pulumi), "T": Any, **vars(importlib.import_module(cls.__module__))}
    hints = typing.get_type_hints(init, namespace)
    wire = input_type_py_to_pulumi_names(cls)
    optional = set(init.__kwdefaults__ or {})
    names = {name: wire.get(name, name) for name in hints if name not in ("__self__", "return")}
    return Properties(
        types={wired: hints[name] for name, wired in names.items()},
        required=frozenset(wired for name, wired in names.items() if name not in optional),
    )


def check(properties: Properties, values: dict[str, Any], where: str = "") -> list[Failure]:
    """Every property that is unknown, missing or of the wrong type."""
    prefix = f"{where}." if where else ""
    found = [
        Failure(
            path=f"{prefix}{name}", reason=f"unknown property, expected one of {', '.join(sorted(properties.types))}"
        )
        for name in values
        if name not in properties.types and not name.startswith("__")
    ]
    found += [
        Failure(path=f"{prefix}{name}", reason="required, but missing")
        for name in sorted(properties.required)
        if values.get(name) is None
    ]
    for name, value in values.items():
        if name in properties.types:
            found += _check_value(properties.types[name], value, f"{prefix}{name}")
    return found


def _check_value(hint: Any, value: Any, where: str) -> list[Failure]:
    if value is None or value == UNKNOWN:
        return []
    results = [_check_one(choice, value, where) for choice in alternatives(hint)]
    return [] if any(not result for result in results) else min(results, key=len)


def alternatives(hint: Any) -> list[Any]:
    """The plain types that an `Input[...]` allows, without None, Awaitable and Output."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [choice for part in typing.get_args(hint) for choice in alternatives(part)]
    if (
        hint is type(None)
        or typing.get_origin(hint) in (collections.abc.Awaitable, pulumi.Output)
        or hint is pulumi.Output
    ):
        return []
    return [hint]


def _check_one(hint: Any, value: Any, where: str) -> list[Failure]:
    origin = typing.get_origin(hint)
    if hint is Any:
        return []
    if hint in _SCALARS:
        return _check_scalar(hint, value, where)
    if origin in (collections.abc.Sequence, list):
        return _check_list(typing.get_args(hint)[0], value, where)
    if origin in (collections.abc.Mapping, dict):
        return _check_map(typing.get_args(hint)[1], value, where)
    if isinstance(hint, type) and isinstance(value, dict):
        return check(properties_of(hint), value, where)
    return [_mistyped(where, getattr(hint, "__name__", str(hint)), value)]


def _check_scalar(hint: type, value: Any, where: str) -> list[Failure]:
    right = isinstance(value, _SCALARS[hint]) and (hint is bool or not isinstance(value, bool))
    return [] if right else [_mistyped(where, hint.__name__, value)]


def _check_list(hint: Any, value: Any, where: str) -> list[Failure]:
    if not isinstance(value, list):
        return [_mistyped(where, "list", value)]
    return [failure for index, item in enumerate(value) for failure in _check_value(hint, item, f"{where}[{index}]")]


def _check_map(hint: Any, value: Any, where: str) -> list[Failure]:
    if not isinstance(value, dict):
        return [_mistyped(where, "map", value)]
    return [failure for key, item in value.items() for failure in _check_value(hint, item, f"{where}.{key}")]


def _mistyped(where: str, expected: str, value: Any) -> Failure:
    return Failure(path=where, reason=f"expected {expected}, got {type(value).__name__}")
