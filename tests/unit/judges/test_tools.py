"""What can be said of judges before anything is fetched."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hallmark.common.errors import RecipeError
from hallmark.config.recipe import Judge, load_recipe
from hallmark.judges.tools import check_exceptions
from tests.support.examples import RECIPE, write_recipe
from tests.support.judges_reports import TOOLS

EXCEPTION = """
[[judge]]
name = "lynis"
least_score = 60
exceptions = [{ rule = "BOOT-5122", reason = "nobody reaches the boot menu", expires = 2026-12-31 }]
"""


def test_an_exception_ends_with_its_last_day(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path, RECIPE + EXCEPTION))
    check_exceptions(recipe, date(2026, 12, 31))
    with pytest.raises(RecipeError) as expired:
        check_exceptions(recipe, date(2027, 1, 1))
    assert str(expired.value) == (
        f"{recipe.path}: judge[0].exceptions[0].expires: the exception of BOOT-5122 expired on 2026-12-31; "
        "look at it again, then mend the image, renew or remove it"
    )


@pytest.mark.parametrize(
    ("judge", "version"),
    [
        (Judge(name="lynis", least_score=0), "3.1.4"),
        (Judge(name="ssh-audit", least_score=0), "3.3.0"),
        (Judge(name="openscap", profile="cis_level1_server", least_score=0), "0.1.82"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_report_must_name_the_version_that_was_carried_in(judge: Judge, version: str) -> None:
    assert TOOLS.version_of(judge) == version
