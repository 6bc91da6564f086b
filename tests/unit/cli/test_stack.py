"""`hallmark stack new`: a stack's file that can be used as it is, and that git leaves alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hallmark.cli import stack, stacks
from hallmark.common.errors import SettingsError
from hallmark.config.settings import ONLY_AWS, Settings, load_settings
from hallmark.config.stack_file import known_stacks, read_stack_config
from tests.support.command_line import call
from tests.support.small_disk import CHECKOUT


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the example alone, which a state has salted."""
    (tmp_path / "stacks").mkdir()
    example = tmp_path / "stacks" / "Pulumi.aws.yaml"
    example.write_text((CHECKOUT / "stacks" / "Pulumi.aws.yaml").read_text() + "encryptionsalt: v1:abc=:v1:def=\n")
    for name in (".gitignore", "Pulumi.yaml"):
        shutil.copy(CHECKOUT / name, tmp_path)
    for module in (stack, stacks):
        monkeypatch.setattr(module, "find_checkout", lambda: tmp_path)
    return tmp_path


def settings_of(root: Path, name: str) -> Settings:
    return load_settings(read_stack_config(root, name), where=name)


def test_a_new_local_stack_has_the_defaults_and_offers_every_setting(root: Path) -> None:
    said = call("stack", "new", "trial")
    path = root / "stacks" / "Pulumi.trial.yaml"
    assert str(path) in said
    assert "hallmark up trial" in said
    assert known_stacks(root) == ("aws", "local", "trial")
    assert settings_of(root, "trial") == Settings()
    offered = re.findall(r"^  # hallmark:(\w+): ", path.read_text(), re.MULTILINE)
    fields = {field.alias or name for name, field in Settings.model_fields.items() if name not in ONLY_AWS}
    assert set(offered) == fields - {"platform"}


def test_what_it_offers_is_a_default_as_it_stands(root: Path) -> None:
    call("stack", "new", "trial")
    path = root / "stacks" / "Pulumi.trial.yaml"
    path.write_text(re.sub(r"^  # (hallmark:\w+: )", r"  \1", path.read_text(), flags=re.MULTILINE))
    assert len(read_stack_config(root, "trial")) > 5
    assert settings_of(root, "trial") == Settings()


def test_a_new_stack_on_aws_is_the_example_without_its_salt(root: Path) -> None:
    call("stack", "new", "images", "--platform", "aws")
    assert settings_of(root, "images").platform == "aws"
    assert (root / "stacks" / "Pulumi.images.yaml").read_text() == (CHECKOUT / "stacks" / "Pulumi.aws.yaml").read_text()


def test_git_ignores_what_it_makes_and_not_the_example(root: Path) -> None:
    subprocess.run(["git", "init", "-q", root], check=True)
    made = Path(json.loads(call("stack", "new", "trial", "--json"))["file"])
    words: list[str | Path] = ["git", "-C", root, "status", "--porcelain", "--untracked-files=all"]
    status = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert made.is_file()
    assert status.splitlines() == ["?? .gitignore", "?? Pulumi.yaml", "?? stacks/Pulumi.aws.yaml"]


def test_a_stack_that_is_there_is_left_alone(root: Path) -> None:
    (root / "stacks" / "Pulumi.trial.yaml").write_text("config: {}\n")
    with pytest.raises(SettingsError, match=r"Pulumi\.trial\.yaml: expected no such stack yet, it is there"):
        call("stack", "new", "trial")
    assert (root / "stacks" / "Pulumi.trial.yaml").read_text() == "config: {}\n"


@pytest.mark.parametrize("name", ["../evil", "a b", "a" * 101])
def test_a_name_that_pulumi_would_refuse_is_refused(root: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="expected a stack's name"):
        call("stack", "new", name)
    assert known_stacks(root) == ("aws", "local")


def test_without_the_example_it_is_said_how_to_bring_it_back(root: Path) -> None:
    (root / "stacks" / "Pulumi.aws.yaml").unlink()
    with pytest.raises(SettingsError, match="expected the example of a stack on AWS; `git restore"):
        call("stack", "new", "images", "--platform", "aws")
