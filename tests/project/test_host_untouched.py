"""The list that shows whether a run has changed this machine sees every kind of change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import host_untouched
from tests.support.host_untouched import LEFT_OUT, TREES, Host, main


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A small system of files."""
    for name in ("apt/lists/Packages", "log/journal/system"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("as it was\n")
    (tmp_path / "link").symlink_to("apt")
    return tmp_path


def host_of(system: Path) -> Host:
    return Host((str(system),), {str(system / "log/journal"): "a reason"})


def test_nothing_is_listed_when_nothing_was_changed(system: Path) -> None:
    assert host_of(system).changes() == []


def test_what_is_gone_takes_its_folders_time_along(system: Path) -> None:
    host = host_of(system)
    (system / "apt/lists/Packages").unlink()
    assert host.changes() == [f"changed {system}/apt/lists", f"gone {system}/apt/lists/Packages"]


def test_what_is_new_is_listed(system: Path) -> None:
    host = host_of(system)
    (system / "apt/new\nline").touch()
    assert host.changes() == [f"changed {system}/apt", f"new {system}/apt/new\nline"]


def test_content_time_and_mode_count(system: Path) -> None:
    packages = system / "apt/lists/Packages"
    for change in (
        lambda: packages.write_text("it is longer now\n"),
        lambda: os.utime(packages, (1, 1)),
        lambda: packages.chmod(0o600),
    ):
        host = host_of(system)
        change()
        assert host.changes() == [f"changed {packages}"]


def test_a_link_is_seen_and_not_followed(system: Path) -> None:
    host = host_of(system)
    (system / "link").unlink()
    (system / "link").symlink_to("elsewhere")
    assert host.changes() == [f"changed {system}/link"]


def test_what_others_write_at_any_time_is_left_out(system: Path) -> None:
    host = host_of(system)
    (system / "log/journal/system").write_text("another line\n")
    assert host.changes() == []


def test_a_command_that_changes_the_machine_fails(
    system: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(host_untouched, "Host", lambda: host_of(system))
    assert main(["true"]) == 0
    assert main(["sh", "-c", "exit 3"]) == 3
    assert capsys.readouterr().err == ""
    assert main(["rm", str(system / "apt/lists/Packages")]) == 1
    assert f"  gone {system}/apt/lists/Packages\n" in capsys.readouterr().err


def test_what_is_left_out_lies_in_the_trees_and_spares_the_package_managers_traces() -> None:
    assert all(path.startswith(tuple(f"{tree}/" for tree in TREES)) for path in LEFT_OUT)
    for path in ("/var/lib/apt", "/var/lib/dpkg", "/var/cache", "/var/log/apt", "/var/log/dpkg.log"):
        assert not [left_out for left_out in LEFT_OUT if path.startswith(left_out)]
