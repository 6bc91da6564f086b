"""A stack's configuration: one entrance, which names the wrong key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.errors import SettingsError
from hallmark.settings import Settings, load_settings

WHERE = "stack local"
SHA512 = "a" * 128


def load(**values: str) -> Settings:
    return load_settings({f"hallmark:{key}": value for key, value in values.items()}, where=WHERE)


def refusal(**values: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(**values)
    return str(refused.value)


def test_nothing_set_means_the_default_recipe_from_the_machines_own_mirror() -> None:
    settings = load()
    assert settings == Settings()
    assert settings.recipes == ("debian-13-server",)
    assert (settings.patches, settings.channel, settings.platform) == ("latest", "stable", "local")


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = load(
        recipes='["web", "mail"]',
        platform="local",
        mirror="http://mirror.invalid/debian",
        securityMirror="http://mirror.invalid/debian-security",
        patches="locks/web.lock",
        channel="testing",
        parallel="3",
        base=json.dumps({"disk": "base.qcow2", "sha512": SHA512}),
        store=str(tmp_path / "store"),
        cache="cache",
    )
    assert settings.recipes == ("web", "mail")
    assert settings.security_mirror == "http://mirror.invalid/debian-security"
    assert settings.parallel == 3
    assert settings.base is not None
    assert settings.base.disk == Path("base.qcow2")
    assert settings.store_folder(Path("/checkout")) == tmp_path / "store"
    assert settings.cache_folder(Path("/checkout")) == Path("/checkout/cache")


def test_the_defaults_that_pulumi_fills_in_mean_none() -> None:
    settings = load(mirror="", securityMirror="", base="{}", store="", cache="", parallel="0")
    assert settings == Settings()


def test_keys_of_other_programs_are_left_alone() -> None:
    assert load_settings({"aws:region": "eu-central-1", "other:recipes": "?"}, where=WHERE) == Settings()


def test_an_unknown_key_is_named() -> None:
    assert refusal(recipies='["web"]') == "stack local: hallmark: recipies: unknown key; remove it or mend its name"


def test_a_key_is_known_by_its_pulumi_name_alone() -> None:
    assert refusal(security_mirror="http://mirror.invalid") == (
        "stack local: hallmark: security_mirror: unknown key; remove it or mend its name"
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("recipes", "web", 'recipes: expected a list or an object, got "web"'),
        ("recipes", "[]", "recipes: expected at least 1, got []"),
        (
            "recipes",
            '["Web"]',
            'recipes[0]: expected lower-case letters, digits and hyphens, at most 48, got "Web"',
        ),
        ("recipes", "[1]", "recipes[0]: expected a valid string, got 1"),
        ("recipes", '["web", "mail", "web"]', 'recipes: "web" is listed twice'),
        ("platform", "azure", "platform: expected 'local' or 'aws', got \"azure\""),
        ("parallel", "65", 'parallel: expected less than or equal to 64, got "65"'),
        ("parallel", "-1", 'parallel: expected greater than or equal to 1, got "-1"'),
        (
            "parallel",
            "many",
            'parallel: expected a valid integer, unable to parse string as an integer, got "many"',
        ),
        ("channel", "", 'channel: expected lower-case letters, digits and hyphens, at most 48, got ""'),
        ("base", '{"disk": "a.qcow2"}', "base.sha512: expected a value, got none; add it"),
        (
            "base",
            '{"disk": "a.qcow2", "sha512": "AB"}',
            'base.sha512: expected a SHA-512: 128 lower-case hexadecimal digits, got "AB"',
        ),
        ("base", '{"disc": "a.qcow2"}', "base.disc: unknown key; remove it or mend its name"),
        ("base", "/disk", 'base: expected a list or an object, got "/disk"'),
        (
            "store",
            "~nobody-of-this-name/store",
            'store: expected a folder whose "~" can be told, got "~nobody-of-this-name/store"',
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(key: str, value: str, message: str) -> None:
    assert f"stack local: hallmark: {message}" in refusal(**{key: value}).splitlines()


def test_all_mistakes_are_told_at_once() -> None:
    assert len(refusal(platform="moon", colour="red").splitlines()) == 2


def test_without_a_cache_the_users_own_cache_folder_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert load().cache_folder(Path("/checkout")) == Path("/var/cache/me/hallmark")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/me")
    assert load().cache_folder(Path("/checkout")) == Path("/home/me/.cache/hallmark")
    assert load(cache="~/there").cache_folder(Path("/checkout")) == Path("/home/me/there")
    assert load().store_folder(Path("/checkout")) == Path("/checkout/.hallmark/store")


@given(st.dictionaries(st.sampled_from(["recipes", "base", "parallel", "mirror", "channel", "x"]), st.text()))
def test_whatever_a_stack_says_is_either_settings_or_one_clear_error(values: dict[str, str]) -> None:
    said = ""
    try:
        assert load(**values).recipes
    except SettingsError as error:
        said = str(error)
    assert all(line.startswith("stack local: hallmark: ") for line in said.splitlines())
