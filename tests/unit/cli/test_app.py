"""The command line: one message on standard error and an exit code for what a user can mend."""

from __future__ import annotations

import pytest

from hallmark.cli import app as cli
from hallmark.common import errors
from hallmark.common.errors import BuildError, HallmarkError, ProcessError
from hallmark.common.version import read_version
from hallmark.store.store import Store
from tests.support.command_line import hallmark, store

__all__ = ["store"]


def test_an_error_is_one_line_on_standard_error_and_the_classs_exit_code(store: Store) -> None:
    done = hallmark("show", "db", "--store", str(store.root))
    assert done.returncode == 7
    assert done.stdout == ""
    assert done.stderr == (
        f"hallmark: db: expected an image's id or a recipe with images in {store.root}; see `hallmark images`\n"
    )


def test_the_version_names_the_commit() -> None:
    done = hallmark("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"hallmark {read_version()}\n", "")


def test_wrong_usage_ends_with_2() -> None:
    assert hallmark("sho").returncode == 2
    assert hallmark("gc", "--keep", "-1").returncode == 2
    assert hallmark("images", "--nonsense").returncode == 2


def test_the_help_documents_every_exit_code_that_there_is() -> None:
    codes = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HallmarkError)
    }
    said = hallmark("--help").stdout
    assert all(f" {code} " in said for code in {0, 130, *codes})


@pytest.mark.parametrize("problem", [BuildError("no"), ProcessError("no")])
def test_main_turns_errors_into_exit_codes(
    problem: HallmarkError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise problem

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == problem.exit_code
    assert capsys.readouterr().err == "hallmark: no\n"


def test_our_own_bugs_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(RuntimeError):
        cli.main()
