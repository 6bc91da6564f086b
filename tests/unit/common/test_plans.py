"""Plans on their way from the program to the providers: named by their content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hallmark.common.errors import StoreError
from hallmark.common.plans import load_plan, save_plan


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = save_plan("order", '{"ä": 1}', tmp_path)
    assert load_plan(path) == '{"ä": 1}'
    assert save_plan("order", '{"ä": 1}', tmp_path) == path
    assert [p.name for p in (tmp_path / "plans").iterdir()] == [path.name]


def test_a_damaged_plan_is_refused(tmp_path: Path) -> None:
    path = save_plan("base", "{}", tmp_path)
    path.write_text("{ }")
    with pytest.raises(StoreError) as refused:
        load_plan(path)
    assert str(refused.value) == f"{path}: its content is not what its name says; remove it and run again"


def test_a_damaged_plan_is_written_anew(tmp_path: Path) -> None:
    path = save_plan("base", "{}", tmp_path)
    path.write_text("{ }")
    assert load_plan(save_plan("base", "{}", tmp_path)) == "{}"


def test_other_bytes_than_utf8_are_no_plan(tmp_path: Path) -> None:
    path = save_plan("base", "{}", tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match="its content is not what its name says"):
        load_plan(path)


def test_the_oldest_plans_give_way_and_one_in_use_counts_as_new(tmp_path: Path) -> None:
    paths = [save_plan("order", str(number), tmp_path) for number in range(50)]
    for age, path in enumerate(paths):
        os.utime(path, (1000 + age, 1000 + age))
    save_plan("order", "0", tmp_path)
    save_plan("order", "one more", tmp_path)
    assert paths[0].exists()
    assert not paths[1].exists()
    assert len(list((tmp_path / "plans").iterdir())) == 50
