"""Hallmark says which it is, by git where there is one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hallmark import __version__
from hallmark.common import version
from hallmark.common.errors import PrerequisiteError
from hallmark.common.version import ProgramVersion, read_version


def git(folder: Path, *words: str) -> str:
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run(
        ["git", "-C", folder, *author, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "recipe").write_text("one\n")
    git(tmp_path, "add", "recipe")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_clean_checkout_is_its_commit(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    assert read_version(checkout) == ProgramVersion(version=__version__, commit=commit, modified=False)
    assert str(read_version(checkout)) == f"{__version__} (commit {commit})"


@pytest.mark.parametrize("name", ["recipe", "new"])
def test_a_changed_file_and_a_new_one_are_modifications(checkout: Path, name: str) -> None:
    (checkout / name).write_text("two\n")
    assert read_version(checkout).modified
    assert str(read_version(checkout)).endswith(", modified)")


def test_a_copy_without_git_has_no_commit_not_even_that_of_a_repository_around_it(checkout: Path) -> None:
    copy = checkout / "copy"
    copy.mkdir()
    assert read_version(copy) == ProgramVersion(version=__version__)
    assert str(read_version(copy)) == f"{__version__} (of no known commit)"


def test_a_repository_without_a_commit_is_no_error(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_version(tmp_path) == ProgramVersion(version=__version__)


def test_a_machine_without_git_is_no_error(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise PrerequisiteError("git: not found on this machine")

    monkeypatch.setattr(version, "run", missing)
    assert read_version(checkout) == ProgramVersion(version=__version__)
