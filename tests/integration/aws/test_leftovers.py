"""What counts as a leftover: it is surely ours, and it has expired."""

from __future__ import annotations

import pytest

from hallmark.aws.leftovers import judge_leftovers
from hallmark.aws.tags import EXPIRES, MANAGED
from tests.support.aws import account
from tests.support.aws.account import NOW


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {MANAGED: "true"},
        {EXPIRES: "2020-01-01T00:00:00Z"},
        {MANAGED: "false", EXPIRES: "2020-01-01T00:00:00Z"},
        {MANAGED: "true", EXPIRES: "yesterday"},
        {MANAGED: "true", EXPIRES: ""},
        {MANAGED: "true", EXPIRES: "2026-11-24T12:00:00Z"},  # now, to the second
        {MANAGED: "true", EXPIRES: "2026-11-24 11:00"},
    ],
)
def test_what_is_not_surely_ours_and_expired_is_no_leftover(tags: dict[str, str]) -> None:
    def judged(tags: dict[str, str]) -> list[str]:
        row = {"VolumeId": "vol-1", "Tags": account.listed(tags)}
        return [one.id for one in judge_leftovers({"volume": (row,)}, (), now=NOW, scope=None)]

    assert judged(tags) == []
    assert judged({MANAGED: "true", EXPIRES: "2026-11-24T11:59:59Z"}) == ["vol-1"]
