"""Turns what pydantic finds wrong into our kind of message: where, the path in it, what was expected, what was got."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

DebianName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]
"""What Debian calls a package, a source package or an architecture."""

STRICT = ConfigDict(frozen=True, extra="forbid", strict=False, hide_input_in_errors=True)
_SHOWN = 60


def describe(where: str, error: ValidationError) -> str:
    """All problems of a document, one a line: `recipes/web.toml: listen[1]: expected …, got "ssh"`."""
    problems = error.errors(include_url=False)
    return "\n".join(f"{where}: {_line(problem)}" for problem in problems if not _follows(problem, problems))


def show(value: object) -> str:
    """A value for an error message: on one line, and not too long."""
    text = json.dumps(value, ensure_ascii=not value.isprintable()) if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _line(problem: ErrorDetails) -> str:
    path = _path(problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key; remove it or mend its name"
    if problem["type"] == "missing":
        return f"{path}: expected a value, got none; add it"
    if problem["type"] == "too_short":
        return f"{path}: expected at least {problem['ctx']['min_length']}, got {show(problem['input'])}"
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    return f"{path}: {message}, got {show(problem['input'])}" if path else message


def _follows(problem: ErrorDetails, problems: Sequence[ErrorDetails]) -> bool:
    """Whether a list is called too short only because its items are wrong, which is told already."""
    place = problem["loc"]
    below = (p["loc"] for p in problems if len(p["loc"]) > len(place))
    return problem["type"] == "too_short" and any(loc[: len(place)] == place for loc in below)


def _path(location: Iterable[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
