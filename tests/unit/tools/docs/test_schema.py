"""The schema of recipes takes what the model takes and refuses what it refuses, as far as JSON Schema can say it."""

from __future__ import annotations

import importlib
import json
import tomllib
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hallmark.common.errors import RecipeError
from hallmark.config.recipe import Port, load_recipe
from tests.support.examples import write_recipe
from tests.support.summaries import WHOLE
from tools.docs.__main__ import CHECKOUT
from tools.docs.schema import DRAFT, NAME, recipe_schema, summary_schema

SCHEMA = recipe_schema()
VALIDATOR: Any = importlib.import_module("jsonschema").Draft202012Validator  # it comes without types
RECIPES = sorted((CHECKOUT / "recipes").glob("*.toml"))
TOP = """\
name = "web"
title = "A web server"
purpose = "serves pages"
administrators = ["jdoe"]
"""
HARDENING = '[hardening]\nprofile = "server"\n'
WAIVER = '[[hardening.waivers]]\ncontrol = "ipv6"\nreason = "for now"\nexpires = 2026-12-31\n'
MITIGATION = """\
[[mitigation]]
cve = "CVE-2026-12345"
package = "nginx"
reason = "off"
expires = 2026-12-31
control = "ipv6"
"""


def schema_takes(text: str) -> bool:
    """As an editor sees it: TOML's dates are strings in JSON."""
    document = json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))
    return bool(VALIDATOR(SCHEMA).is_valid(document))


def model_takes(folder: Path, text: str) -> bool:
    try:
        load_recipe(write_recipe(folder, text))
    except RecipeError:
        return False
    return True


def test_it_is_a_schema_of_its_draft() -> None:
    assert SCHEMA["$schema"] == DRAFT


def test_a_whole_summary_is_one_by_its_schema_and_a_verdict_of_another_word_is_not() -> None:
    schema = summary_schema()
    VALIDATOR.check_schema(schema)
    document = json.loads(WHOLE.model_dump_json())
    VALIDATOR(schema).validate(document)
    document["controls"][0]["findings"]["build"]["verdict"] = "perhaps"
    assert not VALIDATOR(schema).is_valid(document)
    VALIDATOR.check_schema(SCHEMA)


def test_editors_of_an_earlier_draft_read_the_same_in_it() -> None:
    text = json.dumps(SCHEMA)
    assert not any(f'"{word}"' in text for word in ("$ref", "$defs", "prefixItems", "unevaluatedProperties"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_it_takes_the_recipes_of_this_checkout(path: Path) -> None:
    assert schema_takes(path.read_text())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_names_it_in_its_first_line(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first == f"#:schema {NAME}"
    assert (path.parent / first.split()[1]).is_file()


@pytest.mark.parametrize(
    "text",
    [
        TOP + HARDENING,
        TOP + 'packages = ["nginx", "g++", "libc6.1"]\n' + HARDENING,
        TOP + 'listen = ["1/tcp", "9999/udp", "59999/tcp", "65535/tcp"]\n' + HARDENING,
        TOP + 'setid_files = ["/usr/bin/su", "/usr/lib/x@1/a+b_c"]\n' + HARDENING,
        TOP + 'deadline_minutes = 600\nos = "debian-13"\narchitecture = "amd64"\n' + HARDENING,
        TOP.replace("A web server", "Ein Übungs-Server — «web» 網") + HARDENING,
        TOP + HARDENING + "[hardening.parameters.passwords]\nmin_length = 20\ndictionary = false\n",
        TOP + HARDENING + WAIVER + MITIGATION,
        TOP + HARDENING + '[acceptance]\nscripts = ["acceptance/pages.sh"]\n',
        TOP + HARDENING + "[machine]\nmemory_mib = 512\ncpus = 64\n",
    ],
)
def test_what_the_model_takes_it_takes(tmp_path: Path, text: str) -> None:
    assert model_takes(tmp_path, text)
    assert schema_takes(text)


@pytest.mark.parametrize(
    "text",
    [
        TOP,
        TOP.replace('purpose = "serves pages"\n', "") + HARDENING,
        TOP + "package = []\n" + HARDENING,
        TOP + 'path = "/etc/passwd"\n' + HARDENING,
        TOP.replace('"web"', '"Web"') + HARDENING,
        TOP.replace('"web"', f'"{"w" * 49}"') + HARDENING,
        TOP.replace('"web"', '"web-"') + HARDENING,
        TOP.replace('"A web server"', "7") + HARDENING,
        TOP.replace("A web server", "  ") + HARDENING,
        TOP.replace("A web server", "a\\nb") + HARDENING,
        TOP.replace("A web server", "a\\u001b[31m") + HARDENING,
        TOP.replace("A web server", "a\\u2028b") + HARDENING,
        TOP.replace("A web server", "a\\u00a0b") + HARDENING,
        TOP + 'packages = ["Nginx"]\n' + HARDENING,
        TOP + 'packages = ["nginx", "--allow-unauthenticated"]\n' + HARDENING,
        TOP + 'packages = ["nginx", "nginx"]\n' + HARDENING,
        TOP + 'packages = "nginx"\n' + HARDENING,
        TOP + 'listen = ["ssh"]\n' + HARDENING,
        TOP + 'listen = ["65536/tcp"]\n' + HARDENING,
        TOP + 'listen = ["70000/tcp"]\n' + HARDENING,
        TOP + 'listen = ["0/udp"]\n' + HARDENING,
        TOP + 'listen = ["022/tcp"]\n' + HARDENING,
        TOP + 'listen = ["22/tcp", "22/tcp"]\n' + HARDENING,
        TOP.replace('["jdoe"]', "[]") + HARDENING,
        TOP.replace('["jdoe"]', '["J Doe"]') + HARDENING,
        TOP.replace('["jdoe"]', '["root"]') + HARDENING,
        TOP.replace('["jdoe"]', '["jdoe", "jdoe"]') + HARDENING,
        TOP + 'setid_files = ["usr/bin/su"]\n' + HARDENING,
        TOP + 'setid_files = ["/usr/bin/a b"]\n' + HARDENING,
        TOP + 'os = "debian-12"\n' + HARDENING,
        TOP + 'architecture = "arm64"\n' + HARDENING,
        TOP + "deadline_minutes = 0\n" + HARDENING,
        TOP + "deadline_minutes = 601\n" + HARDENING,
        TOP + "deadline_minutes = 1.5\n" + HARDENING,
        TOP + HARDENING + "extra = 1\n",
        TOP + "[hardening]\n",
        TOP + HARDENING + "[hardening.parameters]\npasswords = 20\n",
        TOP + HARDENING + "[machine]\nmemory_mib = 511\n",
        TOP + HARDENING + "[machine]\nmemory_mib = 65537\n",
        TOP + HARDENING + '[machine]\ncpus = "two"\n',
        TOP + HARDENING + "[machine]\ndisks = 2\n",
        TOP + HARDENING + '[acceptance]\nscripts = [" "]\n',
        TOP + HARDENING + WAIVER.replace("expires = 2026-12-31\n", ""),
        TOP + HARDENING + WAIVER.replace('reason = "for now"', 'reason = ""'),
        TOP + HARDENING + WAIVER.replace('"ipv6"', "6"),
        TOP + HARDENING + WAIVER + "until = 2026-12-31\n",
        TOP + HARDENING + MITIGATION.replace("CVE-2026-12345", "CVE-26-1"),
        TOP + HARDENING + MITIGATION.replace('package = "nginx"\n', ""),
        TOP + HARDENING + MITIGATION.replace('control = "ipv6"\n', ""),
    ],
)
def test_what_the_model_refuses_it_refuses(tmp_path: Path, text: str) -> None:
    assert not model_takes(tmp_path, text)
    assert not schema_takes(text)


PORT: Any = TypeAdapter(Port)


@given(st.integers(min_value=-1, max_value=70000) | st.integers(min_value=65500, max_value=65600))
def test_a_port_is_one_for_both(port: int) -> None:
    good = 1 <= port <= 65535
    assert schema_takes(f'{TOP}listen = ["{port}/tcp"]\n{HARDENING}') is good
    with nullcontext() if good else pytest.raises(ValidationError):
        PORT.validate_python(f"{port}/tcp")


def test_only_the_model_knows_numbers_as_text_rare_characters_and_the_files_around(tmp_path: Path) -> None:
    """The module's docstring says so."""
    minutes = TOP + 'deadline_minutes = "30"\n' + HARDENING
    assert model_takes(tmp_path, minutes)
    assert not schema_takes(minutes)
    for text in (
        TOP.replace("A web server", "a\\u200bb") + HARDENING,
        TOP.replace('"web"', '"mail"') + HARDENING,
        TOP + HARDENING + '[acceptance]\nscripts = ["acceptance/none.sh"]\n',
    ):
        assert schema_takes(text)
        assert not model_takes(tmp_path, text)
