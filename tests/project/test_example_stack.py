"""stacks/Pulumi.aws.yaml can be used as it is, and everything that it offers in comments is a setting that there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hallmark.aws.settings import load_aws_settings
from hallmark.config.settings import Settings, load_settings
from hallmark.config.stack_file import read_stack_config

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "stacks/Pulumi.aws.yaml").read_text()
SETTING = re.compile(r"^  # ((?:hallmark|aws):\w+:.*(?:\n  #  .*)*)$", re.MULTILINE)
OFFERED = SETTING.findall(EXAMPLE)
NOT_OFFERED = {"hallmark:base", "hallmark:store", "hallmark:cache", "hallmark:mirror", "hallmark:securityMirror"}


def _load(tmp_path: Path, more: str = "") -> tuple[Settings, Any]:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.aws.yaml").write_text(f"{EXAMPLE}\n{more}\n")
    config = read_stack_config(tmp_path, "aws")
    return load_settings(config, where="example"), load_aws_settings(config, where="example", environment={})


def test_the_example_is_a_stack_on_aws(tmp_path: Path) -> None:
    settings, aws = _load(tmp_path)
    assert settings == Settings(platform="aws", kmsKey="alias/hallmark")
    assert (aws.region, aws.profile, aws.assume_roles, aws.endpoints) == ("eu-central-1", None, (), {})


@pytest.mark.parametrize("offered", OFFERED, ids=lambda text: text.partition("\n")[0])
def test_what_is_commented_out_is_valid(tmp_path: Path, offered: str) -> None:
    more = "\n".join(f"  {line.removeprefix('  # ')}" for line in offered.split("\n"))
    _load(tmp_path, more)


def test_every_setting_that_concerns_aws_is_there() -> None:
    declared = {f"hallmark:{key}" for key in yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]}
    shown = set(yaml.safe_load(EXAMPLE)["config"]) | {
        text.partition(": ")[0].rstrip(":") for text in map(_first, OFFERED)
    }
    assert {key for key in shown if key.startswith("hallmark:")} == declared - NOT_OFFERED
    assert {"aws:region", "aws:profile", "aws:assumeRoles", "aws:endpoints"} <= shown


def test_no_salt_is_committed() -> None:
    assert "encryptionsalt" not in yaml.safe_load(EXAMPLE)


def _first(text: str) -> str:
    return text.partition("\n")[0]
