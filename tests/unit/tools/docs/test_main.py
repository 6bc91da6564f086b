"""`make docs` writes what is generated; `make check` names what is out of date."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.docs.__main__ import CHECKOUT, generate, main


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What is generated, and what it is generated from."""
    for name in ("docs", "recipes", "image_scripts"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    return tmp_path


def test_nothing_in_this_checkout_is_out_of_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(["--check"]), capsys.readouterr().err) == (0, "")


def test_each_stale_file_is_named_then_written(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {checkout / path.relative_to(CHECKOUT): text for path, text in generate(CHECKOUT).items()}
    for path, text in good.items():
        path.write_text(text.replace(" -->\n", " -->\nold\n", 1) if "<!-- generated" in text else "old\n")
    assert main(["--check"], checkout) == 1
    told = capsys.readouterr().err.splitlines()
    assert told == [f"{path}: out of date; `make docs` writes it anew" for path in good]
    assert main(["--write"], checkout) == 0
    assert {path: path.read_text() for path in good} == good


def test_a_missing_file_is_written(checkout: Path) -> None:
    (checkout / "recipes" / "recipe.schema.json").unlink()
    assert main(["--check"], checkout) == 1
    assert main(["--write"], checkout) == 0
    assert (checkout / "recipes" / "recipe.schema.json").is_file()


def test_a_control_that_cannot_be_read_is_one_message(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = checkout / "image_scripts" / "controls" / "ipv6" / "control.toml"
    broken.write_text("id = ipv6\n")
    assert main(["--check"], checkout) == 2
    assert capsys.readouterr().err.startswith(f"{broken}: ")


def test_a_wrong_argument_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--both"]) == 2
    assert capsys.readouterr().err == "usage: python -m tools.docs --check|--write\n"
