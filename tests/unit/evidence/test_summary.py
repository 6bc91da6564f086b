"""The summary is a file of a known form; evidence made before there was one has none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hallmark import __version__
from hallmark.common.errors import StoreError
from hallmark.common.version import read_version
from hallmark.evidence.summary import SUMMARY, Finding, Made, Summary, load_summary, made_now, save_summary
from tests.support.summaries import WHOLE


@pytest.mark.parametrize("summary", [WHOLE, Summary(title="web", outcome="failed", problems=("no room",))])
def test_what_is_written_is_read_again(tmp_path: Path, summary: Summary) -> None:
    save_summary(tmp_path, summary)
    assert load_summary(tmp_path) == summary


def test_evidence_made_before_there_was_a_summary_has_none(tmp_path: Path) -> None:
    assert load_summary(tmp_path) is None


def test_a_later_hallmark_may_add_fields(tmp_path: Path) -> None:
    (tmp_path / SUMMARY).write_text('{"format": 1, "title": "web", "outcome": "taken", "colour": "red"}')
    assert load_summary(tmp_path) == Summary(title="web", outcome="taken")


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "title": "web", "outcome": "taken"}'])
def test_a_damaged_one_or_one_of_another_form_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / SUMMARY).write_text(text)
    with pytest.raises(StoreError, match=r"summary\.json: expected the summary of some evidence: .*bring the file"):
        load_summary(tmp_path)


def test_a_verdict_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="verdict"):
        Finding.model_validate({"verdict": "perhaps"})


def test_a_step_that_ends_now_names_this_hallmark_and_its_host() -> None:
    this = read_version()
    assert made_now({"platform": "local"}, now=datetime(2026, 11, 28, 9, 5, tzinfo=UTC)) == Made(
        ended="2026-11-28T09:05:00Z",
        hallmark=__version__,
        commit=this.commit,
        modified=this.modified,
        host={"platform": "local"},
    )
