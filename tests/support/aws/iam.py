"""A small judge of IAM policies: one request against documents, honouring Action, Resource, Condition, allow and deny.

Knows the condition operators that our documents use, and fails on any other rather than guessing. A call on several
resources is several requests: tests/doubles/permissions.py makes them of what reaches the doubled account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["allow", "deny", "none"]
Value = str | Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One action on one resource, with the condition keys that the service would fill in."""

    action: str
    resource: str = "*"
    context: Mapping[str, Value] = field(default_factory=dict)


def judge(request: Request, *documents: Mapping[str, Any]) -> Verdict:
    """What IAM would say: an explicit deny wins, then an allow, else none (which means no)."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in _listed(document["Statement"])
        if _applies(statement, request)
    }
    return "deny" if "Deny" in effects else "allow" if "Allow" in effects else "none"


def allowed(request: Request, *documents: Mapping[str, Any]) -> bool:
    return judge(request, *documents) == "allow"


def without(document: Mapping[str, Any], action: str) -> dict[str, Any]:
    """The policy with one action less: in no statement that allows."""
    kept = []
    for statement in document["Statement"]:
        actions = [one for one in _listed(statement["Action"]) if statement["Effect"] == "Deny" or one != action]
        kept += [{**statement, "Action": actions}] if actions else []
    return {**document, "Statement": kept}


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    unknown = statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}
    assert not unknown, f"the judge does not know {unknown}"
    return (
        any(_like(pattern.lower(), request.action.lower()) for pattern in _listed(statement["Action"]))
        and any(_like(pattern, request.resource) for pattern in _listed(statement["Resource"]))
        and all(_holds(op, keys, request.context) for op, keys in statement.get("Condition", {}).items())
    )


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, Value]) -> bool:
    """All keys of one operator; a key's names are case-insensitive, a tag's name in it as well."""
    there = {name.lower(): value for name, value in context.items()}
    return all(_key_holds(operator, there.get(key.lower()), _listed(wanted)) for key, wanted in keys.items())


def _key_holds(operator: str, got: Value | None, wanted: Sequence[str]) -> bool:
    if operator == "Null":
        return (got is None) == (wanted[0] == "true")
    if operator == "ForAnyValue:StringEquals":
        return bool(set(_listed(got or [])) & set(wanted))
    if operator == "ForAllValues:StringEquals":  # holds for a key that is not there, as in IAM
        return set(_listed(got or [])) <= set(wanted)
    if operator == "StringNotEquals":
        return got is None or got not in wanted
    if operator in ("StringEquals", "Bool"):
        return got is not None and got in wanted
    if operator == "NumericEquals":
        return got is not None and float(str(got)) in [float(one) for one in wanted]
    raise AssertionError(f"the judge does not know {operator}")


def _like(pattern: str, text: str) -> bool:
    regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(regex, text) is not None


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
