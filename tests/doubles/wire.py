"""gRPC's structs as plain values and back, and which values of an old state a new input changes."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]

from tests.doubles.property_types import UNKNOWN

Values = dict[str, Any]


def read(struct: struct_pb2.Struct) -> Values:
    """A struct as a plain dictionary; whole numbers as integers, nulls left out."""
    values: Values = without_nulls(json_format.MessageToDict(struct))
    return values


def write(values: Values) -> struct_pb2.Struct:
    """A plain dictionary as a struct, nulls left out."""
    struct = struct_pb2.Struct()
    json_format.ParseDict(without_nulls(values), struct)
    return struct


def without_nulls(value: Any) -> Any:
    """The value without keys that have none, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def has_unknown(value: Any) -> bool:
    """Whether a preview does not know some of it yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def covers(old: Any, new: Any) -> bool:
    """Whether the old state has what the new input asks for; it may have more, that the service added."""
    if has_unknown(new):
        return False
    if isinstance(new, dict) and isinstance(old, dict):
        return all(covers(old.get(key), item) for key, item in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(any(covers(one, item) for one in old) for item in new)
    if old is None:
        return new in (None, "", [], {}, False)
    return bool(old == new)


def equals(old: Any, new: Any) -> bool:
    """For maps like tags, where a key that is gone is a change too."""
    return bool((old or {}) == (new or {}))
