"""How all commands print: facts for people, one JSON document where asked, words on standard error."""

from __future__ import annotations

import json

import pytest

from hallmark.cli.options import print_facts, print_json, print_removed, say


def test_json_is_one_document_with_its_letters_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"reason": "größer als erlaubt"})
    said = capsys.readouterr().out
    assert "größer" in said
    assert json.loads(said) == {"reason": "größer als erlaubt"}


def test_a_fact_that_is_not_there_has_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"id": "web-1", "reason": None, "channels": [], "packages": 0, "files": ["a", "b"]})
    assert [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()] == [
        ["id", "web-1"],
        ["packages", "0"],
        ["files", "a, b"],
    ]


@pytest.mark.parametrize(
    ("removed", "dry_run", "said"),
    [
        (["web-1", "web-2"], False, "removed web-1\nremoved web-2\n"),
        (["web-1"], True, "would remove web-1\n"),
        ([], False, "nothing to remove\n"),
    ],
)
def test_what_was_removed_or_would_be_is_named(
    capsys: pytest.CaptureFixture[str], removed: list[str], dry_run: bool, said: str
) -> None:
    print_removed(removed, dry_run=dry_run, as_json=False)
    assert capsys.readouterr().out == said
    print_removed(removed, dry_run=dry_run, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"removed": removed, "dry_run": dry_run}


def test_words_for_people_leave_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    say("a step")
    assert tuple(capsys.readouterr()) == ("", "hallmark: a step\n")
