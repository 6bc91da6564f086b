"""The user's cache folder: XDG's where it is set, else the usual one."""

from __future__ import annotations

from pathlib import Path

from hallmark.common.user_cache import user_cache
from hallmark.config.settings import Settings


def test_xdg_says_where_the_cache_is() -> None:
    assert user_cache({"XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/hallmark")


def test_without_it_or_with_an_empty_one_it_is_below_the_home_folder() -> None:
    assert user_cache({}) == user_cache({"XDG_CACHE_HOME": ""}) == Path.home() / ".cache" / "hallmark"


def test_it_is_what_a_stack_without_a_setting_uses() -> None:
    assert Settings().cache_folder(Path("/checkout")) == user_cache()
