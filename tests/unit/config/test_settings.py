"""A stack's configuration: one entrance, which names the wrong key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.common.errors import SettingsError
from hallmark.config.settings import Settings, load_settings

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


# The platform's own keys


AWS = {"platform": "aws", "kmsKey": "alias/hallmark"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("baseAmi", '{"id": "ami-0123456789abcdef0"}'),
        ("instanceType", "m7i-flex.large"),
        ("kmsKey", "alias/hallmark"),
        ("evidence", "s3://bucket"),
        ("putsPerSecond", "100"),
    ],
)
def test_a_key_of_aws_has_no_effect_on_local_and_is_refused_there(key: str, value: str) -> None:
    assert refusal(**{key: value}) == (
        f"stack local: hallmark: {key}: has no effect on platform local; remove it, or mend hallmark:platform"
    )
    assert load(**{**AWS, key: value}).platform == "aws"


def test_a_key_of_local_has_no_effect_on_aws_and_is_refused_there() -> None:
    assert refusal(**AWS, base=json.dumps({"disk": "base.qcow2", "sha512": SHA512})) == (
        "stack local: hallmark: base: has no effect on platform aws; remove it, or mend hallmark:platform"
    )


@pytest.mark.parametrize("key", [{}, {"kmsKey": ""}])
def test_aws_needs_a_key_that_can_be_shared(key: dict[str, str]) -> None:
    assert refusal(platform="aws", **key) == (
        "stack local: hallmark: kmsKey: expected the id, ARN or alias of a customer-managed key, got none; add it"
    )


def test_the_defaults_that_pulumi_fills_in_are_no_settings_of_the_other_platform() -> None:
    filled = {"baseAmi": "{}", "instanceType": "t3.medium", "evidence": "", "putsPerSecond": "900"}
    assert load(**filled, kmsKey="") == Settings()
    settings = load(**{**AWS, **filled, "base": "{}"})
    assert (settings.base_ami.owners, settings.base_ami.id) == (("136693071363",), None)
    assert (settings.puts_per_second, settings.evidence) == (900, None)


def test_a_base_is_found_by_owner_and_name_or_pinned_by_its_id() -> None:
    found = load(**AWS, baseAmi='{"owners": ["123456789012", "self"], "name": "ours-*"}').base_ami
    assert (found.owners, found.name, found.id) == (("123456789012", "self"), "ours-*", None)
    assert load(**AWS, baseAmi='{"id": "ami-01234567"}').base_ami.id == "ami-01234567"
    assert load(**AWS, baseAmi='{"build": true}').base_ami.build is True
    assert found.build is load(**AWS).base_ami.build is False


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("baseAmi", '{"id": "ami-01234567", "name": "x"}', "baseAmi: expected either an id, or owners and a name, or"),
        ("baseAmi", '{"build": true, "name": "x"}', "baseAmi: expected either an id, or owners and a name, or build "),
        ("baseAmi", '{"build": "maybe"}', "baseAmi.build: "),
        ("baseAmi", '{"id": "debian-13"}', "baseAmi.id: "),
        ("baseAmi", '{"owner": "self"}', "baseAmi.owner: unknown key; remove it or mend its name"),
        ("baseAmi", '{"owners": []}', "baseAmi.owners: expected at least 1, got []"),
        ("baseAmi", '{"owners": ["*"]}', "baseAmi.owners[0]: "),
        ("baseAmi", '{"name": ""}', "baseAmi.name: "),
        ("baseAmi", "debian", 'baseAmi: expected a list or an object, got "debian"'),
        ("instanceType", "medium", "instanceType: "),
        ("evidence", "s3://bucket/", "evidence: expected s3://BUCKET or s3://BUCKET/PREFIX, got "),
        ("evidence", "s3:/bucket", "evidence: expected s3://BUCKET or s3://BUCKET/PREFIX, got "),
        ("evidence", "s3://Bucket", "evidence: expected s3://BUCKET or s3://BUCKET/PREFIX, got "),
        ("evidence", "~nobody-of-this-name/x", 'evidence: expected a folder whose "~" can be told, got '),
        ("putsPerSecond", "-1", 'putsPerSecond: expected greater than or equal to 0, got "-1"'),
        ("putsPerSecond", "100001", 'putsPerSecond: expected less than or equal to 100000, got "100001"'),
        ("putsPerSecond", "nan", "putsPerSecond: expected a finite number, got "),
        ("putsPerSecond", "inf", "putsPerSecond: expected a finite number, got "),
    ],
)
def test_a_wrong_value_for_aws_is_named(key: str, value: str, message: str) -> None:
    assert refusal(**{**AWS, key: value}).startswith(f"stack local: hallmark: {message}")


@pytest.mark.parametrize(
    ("evidence", "kept"),
    [
        ("s3://my.bucket-1", "s3://my.bucket-1"),
        ("s3://bucket/a/b_c", "s3://bucket/a/b_c"),
        ("evidence", "evidence"),
        ("~/evidence", "/home/me/evidence"),
    ],
)
def test_evidence_is_kept_in_a_bucket_or_a_folder(monkeypatch: pytest.MonkeyPatch, evidence: str, kept: str) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert load(**AWS, evidence=evidence).evidence == kept


@pytest.mark.parametrize("puts", ["0", "0.5", "100000"])
def test_how_fast_blocks_are_put_may_be_anything_sensible(puts: str) -> None:
    assert load(**AWS, putsPerSecond=puts).puts_per_second == float(puts)


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
