"""Turns what pydantic finds wrong into our kind of message: where, the path in it, what was expected, what was got."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ConfigDict, ValidationError

STRICT = ConfigDict(frozen=True, extra="forbid", strict=False, hide_input_in_errors=True)
_SHOWN = 60


def describe(where: str, error: ValidationError) -> str:
    """All problems of a document, one a line: `recipes/web.toml: listen[1]: expected …, got "ssh"`."""
    lines = []
    for problem in error.errors(include_url=False):
        path = _path(problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}: {path}: unknown key; remove it or mend its name")
        elif problem["type"] == "missing":
            lines.append(f"{where}: {path}: expected a value, got none; add it")
        else:
            message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
            lines.append(f"{where}: {path}: {message}, got {_show(problem['input'])}")
    return "\n".join(lines)


def _path(location: Iterable[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the document"


def _show(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
