"""The cache: results and plans are read back as they were written, damaged ones are not, and the oldest give way."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from hallmark.common import cache
from hallmark.common.cache import keep_newest, load_plan, recall, remember, save_plan, user_cache
from hallmark.common.errors import LockError, StoreError
from hallmark.config.settings import Settings


def age(paths: Iterable[Path]) -> None:
    """Give files and folders their times in the order given, the first the oldest."""
    for number, path in enumerate(paths):
        os.utime(path, (1000 + number, 1000 + number))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Where it is.


def test_xdg_says_where_the_cache_is() -> None:
    assert user_cache({"XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/hallmark")


def test_without_it_or_with_an_empty_one_it_is_below_the_home_folder() -> None:
    assert user_cache({}) == user_cache({"XDG_CACHE_HOME": ""}) == Path.home() / ".cache" / "hallmark"


def test_it_is_what_a_stack_without_a_setting_uses() -> None:
    assert Settings().cache_folder(Path("/checkout")) == user_cache()


# Results.


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    remember(tmp_path / "new" / "a.json", "ä\n")
    assert recall(tmp_path / "new" / "a.json", Path.read_text) == "ä\n"


def test_what_was_never_remembered_is_not_recalled(tmp_path: Path) -> None:
    assert recall(tmp_path / "a.json", Path.read_text) is None


@pytest.mark.parametrize("error", [ValueError, TypeError, LockError])
def test_what_cannot_be_read_is_not_recalled(tmp_path: Path, error: type[Exception]) -> None:
    def read(path: Path) -> str:
        raise error(str(path))

    remember(tmp_path / "a.json", "damaged")
    assert recall(tmp_path / "a.json", read) is None


def test_the_oldest_results_give_way(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:02}.json" for number in range(20)]
    for path in paths:
        remember(path, "1")
    age(paths)
    remember(tmp_path / "one-more.json", "1")
    assert names(tmp_path) == [*(path.name for path in paths[1:]), "one-more.json"]


# Plans.


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = save_plan("order", '{"ä": 1}', tmp_path)
    assert load_plan(path) == '{"ä": 1}'
    assert save_plan("order", '{"ä": 1}', tmp_path) == path
    assert names(tmp_path / "plans") == [path.name]


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
    age(paths)
    save_plan("order", "0", tmp_path)
    save_plan("order", "one more", tmp_path)
    assert paths[0].exists()
    assert not paths[1].exists()
    assert len(names(tmp_path / "plans")) == 50


# What gives way.


def test_the_newest_files_and_folders_are_kept(tmp_path: Path) -> None:
    for name in ("a", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text("")
    (tmp_path / "b").write_text("")
    age(tmp_path / name for name in "abc")
    keep_newest(tmp_path, 2)
    assert names(tmp_path) == ["b", "c"]
    keep_newest(tmp_path, 1)
    assert names(tmp_path) == ["c"]


def test_only_what_was_asked_for_is_counted_and_removed(tmp_path: Path) -> None:
    for name in ("a", "b", "half-made"):
        (tmp_path / name).mkdir()
    for name in ("a.lock", "a.json", "b.json", "a/record", "b/record"):
        (tmp_path / name).write_text("")
    age(tmp_path / name for name in ("a.lock", "half-made", "a", "b", "a.json", "b.json"))
    keep_newest(tmp_path, 1, having="record")
    assert names(tmp_path) == ["a.json", "a.lock", "b", "b.json", "half-made"]
    keep_newest(tmp_path, 1, files="*.json")
    assert names(tmp_path) == ["a.lock", "b", "b.json", "half-made"]


def test_what_another_run_removes_meanwhile_is_no_error(tmp_path: Path) -> None:
    assert cache._changed(tmp_path / "gone") == 0
