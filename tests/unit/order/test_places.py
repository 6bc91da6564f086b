"""Where a stack's things are, and which mirror its images are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import MirrorError, SettingsError
from hallmark.config.settings import load_settings
from hallmark.order.places import Places, check_places, find_places
from tests.support.examples import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_places_survive_the_way_through_pulumis_state(project: Project) -> None:
    places = project.places()
    assert Places.model_validate_json(places.model_dump_json()) == places


def test_the_places_of_a_stack_are_its_settings_or_below_its_checkout(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "hallmark:mirror": "http://mirror.invalid/debian/",
            "hallmark:securityMirror": "http://mirror.invalid/debian-security",
            "hallmark:cache": str(tmp_path / "cache"),
            "hallmark:parallel": "2",
        },
        where="stack local",
    )
    places = find_places(settings, tmp_path / "checkout")
    assert places.store == tmp_path / "checkout" / ".hallmark" / "store"
    assert places.cache == tmp_path / "cache"
    assert places.pool == tmp_path / "cache" / "pool"
    assert (places.main, places.parallel) == ("http://mirror.invalid/debian", 2)
    assert places.apt_root().suites == ("trixie", "trixie-updates", "trixie-security")
    assert places.apt_root("trixie").suites == ("trixie",)
    assert places.apt_root().mirror.security == "http://mirror.invalid/debian-security"


@pytest.mark.parametrize(
    ("uri", "fact"),
    [
        ("https://mirror.invalid/debian", "https://mirror.invalid/debian"),
        ("file:/srv/mirror", ""),
        ("http://jdoe:secret@mirror.invalid/debian", ""),
    ],
)
def test_an_image_is_told_a_mirror_that_its_servers_can_ask_and_no_password(
    tmp_path: Path, uri: str, fact: str
) -> None:
    places = Project(tmp_path).places().model_copy(update={"main": uri})
    assert places.facts == {"mirror": fact, "security_mirror": places.security}


def test_a_mirror_that_is_no_uri_is_told_by_the_settings_own_name(tmp_path: Path) -> None:
    values = {"hallmark:mirror": "http://mirror.invalid", "hallmark:securityMirror": "ftp;rm"}
    with pytest.raises(MirrorError) as refused:
        find_places(load_settings(values, where="stack local"), tmp_path)
    assert str(refused.value) == "hallmark:securityMirror: expected a URI of http, https or file, got 'ftp;rm'"


def test_places_that_can_be_written_pass_and_none_is_made(project: Project) -> None:
    check_places(project.places(), where="stack local")
    assert not project.places().store.exists()


@pytest.mark.parametrize("setting", ["store", "cache"])
def test_a_place_that_cannot_be_written_is_named_with_its_setting(project: Project, setting: str) -> None:
    odd = Path("/dev/null/x")
    with pytest.raises(SettingsError) as refused:
        check_places(project.places().model_copy(update={setting: odd}), where="stack local")
    assert str(refused.value) == (
        f"stack local: hallmark: {setting}: /dev/null/x: expected a folder that can be written: /dev/null is no folder"
    )
