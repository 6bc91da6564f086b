"""What pydantic finds wrong, in our words: where, the path in it, what was expected, what was got."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from hallmark.common.validation import STRICT, DebianName, describe, show


class Port(BaseModel):
    model_config = STRICT
    number: int
    protocol: Literal["tcp", "udp"] = "tcp"

    @field_validator("number")
    @classmethod
    def _fits(cls, number: int) -> int:
        if number > 65535:
            raise ValueError("expected a port")
        return number


class Document(BaseModel):
    model_config = STRICT
    name: DebianName = "web"
    ports: list[Port] = Field(default=[Port(number=22)], min_length=1)


def told(document: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as found:
        Document.model_validate(document)
    return describe("web.toml", found.value).splitlines()


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"colour": "red"}, "web.toml: colour: unknown key; remove it or mend its name"),
        ({"ports": [{}]}, "web.toml: ports[0].number: expected a value, got none; add it"),
        ({"ports": []}, "web.toml: ports: expected at least 1, got []"),
        ({"ports": [{"number": 70000}]}, "web.toml: ports[0].number: expected a port, got 70000"),
        (
            {"ports": [{"number": 22}, {"number": 53, "protocol": "icmp"}]},
            "web.toml: ports[1].protocol: expected 'tcp' or 'udp', got \"icmp\"",
        ),
    ],
)
def test_a_problem_is_told_with_its_path(document: dict[str, Any], line: str) -> None:
    assert told(document) == [line]


def test_each_problem_has_its_line() -> None:
    lines = told({"name": "W", "ports": [{"number": "x"}], "more": 1})
    assert [line.split(": ")[1] for line in lines] == ["name", "ports[0].number", "more"]


@pytest.mark.parametrize("name", ["libssl3t64", "g++", "python3.13", "amd64"])
def test_debians_names_are_taken(name: str) -> None:
    assert Document(name=name).name == name


@pytest.mark.parametrize("name", ["x", "-x", "Web", "a b", "a\nb", "a/b"])
def test_what_is_none_of_debians_names_is_refused(name: str) -> None:
    assert told({"name": name})[0].startswith("web.toml: name: ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", '"plain"'),
        ("größer", '"größer"'),
        ("a\x1b[2J\n", '"a\\u001b[2J\\n"'),
        (5, "5"),
        ([1, "x"], "[1, 'x']"),
    ],
)
def test_a_value_is_shown_on_one_line_and_cannot_act_on_a_terminal(value: object, shown: str) -> None:
    assert show(value) == shown


def test_a_long_value_is_cut() -> None:
    assert show("x" * 100) == '"' + "x" * 59 + "…"
