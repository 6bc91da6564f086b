"""The tables of recipe keys and settings: a row for each field, with what the model says of it."""

from __future__ import annotations

import pytest

from hallmark.common.errors import ControlError
from hallmark.config.recipe import Mitigation, Waiver
from hallmark.config.settings import Settings
from hallmark.evidence.summary import Summary
from tools.docs.tables import fill, tables

TABLES = tables()


def rows(name: str) -> dict[str, list[str]]:
    """Key → the other cells."""
    lines = TABLES[name].splitlines()
    assert lines[:2] == ["| key | value | default | meaning |", "|---|---|---|---|"]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {first.strip("`"): others for first, *others in cells}


def test_a_key_that_a_recipe_needs_is_told() -> None:
    assert rows("recipe keys")["title"] == ["text", "needed", "One line that tells people what the image is."]
    assert rows("recipe keys")["administrators"][:2] == ["list, not empty", "needed"]


def test_a_key_below_a_table_has_the_tables_name_and_its_bounds() -> None:
    assert rows("recipe keys")["machine.memory_mib"][:2] == ["number, 512 to 65536", "`1024`"]
    assert rows("recipe keys")["hardening.waivers"][:2] == ["list of tables", "none"]
    assert rows("recipe keys")["os"][:2] == ["`debian-13`", "`debian-13`"]


def test_lists_of_tables_have_tables_of_their_own() -> None:
    assert list(rows("waiver keys")) == list(Waiver.model_fields)
    assert list(rows("mitigation keys")) == list(Mitigation.model_fields)
    assert rows("waiver keys")["expires"][0] == "date"


def test_a_setting_has_the_name_that_pulumi_knows_and_its_default() -> None:
    settings = rows("settings")
    assert list(settings) == [field.alias or name for name, field in Settings.model_fields.items()]
    assert settings["platform"][:2] == ["`local` or `aws`", "`local`"]
    assert settings["parallel"][:2] == ["number, 0 to 64", "`0`"]
    assert settings["securityMirror"][:2] == ["text", "empty"]
    assert settings["baseAmi"][:2] == ["table", "empty"]
    assert settings["store"][:2] == ["path", "empty"]


def test_the_summarys_table_leads_into_lists_and_into_names_that_differ() -> None:
    keys = [line.split("`")[1] for line in TABLES["summary"].splitlines()[2:]]
    assert {name for name in keys if "." not in name} == set(Summary.model_fields)
    assert {"identity.artefact.sha256", "made.*.commit", "controls[].findings.*.lines"} <= set(keys)


def test_what_is_between_markers_is_written_anew_and_nothing_else() -> None:
    page = "before\n<!-- generated: settings -->\nold\n<!-- end -->\nafter\n"
    filled = fill(page, {"settings": "| new |"})
    assert filled == "before\n<!-- generated: settings -->\n\n| new |\n\n<!-- end -->\nafter\n"
    assert fill(filled, {"settings": "| new |"}) == filled


def test_a_marker_of_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ControlError) as refused:
        fill("<!-- generated: moods -->\n<!-- end -->\n", {"settings": ""})
    assert str(refused.value) == 'marker "moods": there is no table of this name; there are: settings'
