"""Pulumi's plugins for AWS: found on PATH or in Pulumi's own folder, in the SDK's version; fetched when missing."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from hallmark.common.errors import PrerequisiteError
from hallmark.engine.engine import Engine
from hallmark.engine.plugins import NAMES, install_plugins, missing_plugins, need_plugins

AWS, COMMAND = (version(f"pulumi-{name}") for name in NAMES)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    return {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}


def test_all_are_missing_at_first(environment: dict[str, str]) -> None:
    assert list(missing_plugins(environment)) == [("aws", AWS), ("command", COMMAND)]


def test_one_on_the_path_is_there(environment: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "bin" / "pulumi-resource-aws"
    program.touch(mode=0o755)
    assert list(missing_plugins(environment)) == [("command", COMMAND)]


def test_one_that_pulumi_has_fetched_is_there_and_another_version_is_not(
    environment: dict[str, str], tmp_path: Path
) -> None:
    plugins = tmp_path / ".pulumi" / "plugins"
    (plugins / f"resource-command-v{COMMAND}").mkdir(parents=True)
    (plugins / "resource-aws-v1.0.0").mkdir()
    assert list(missing_plugins(environment)) == [("aws", AWS)]
    assert list(missing_plugins({**environment, "PULUMI_HOME": str(tmp_path / "other")})) != [("aws", AWS)]


def test_a_missing_one_is_one_clear_error(environment: dict[str, str]) -> None:
    with pytest.raises(PrerequisiteError) as missing:
        need_plugins(environment)
    assert str(missing.value) == (
        f"pulumi-resource-aws {AWS}: not found on this machine; `make aws-plugins` fetches it"
    )


class FakeEngine(Engine):
    """Notes what it was asked to fetch."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._environment = environment

    def environment(self) -> dict[str, str]:
        return self._environment

    def install_plugin(self, name: str, version: str) -> None:
        self.asked.append((name, version))


def test_what_is_missing_is_fetched_and_nothing_else(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin" / "pulumi-resource-aws").touch(mode=0o755)
    engine = FakeEngine(environment)
    install_plugins(engine)
    assert engine.asked == [("command", COMMAND)]
    assert capsys.readouterr().err == f"fetching Pulumi's plugin command {COMMAND}\n"
