"""`hallmark sweep`: the stack's account and region, its leftovers or any, one line for a stack without an account."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from hallmark.cli import stacks, sweep
from hallmark.common.errors import SettingsError
from tests.doubles.server import REGION, Server
from tests.support.aws import account
from tests.support.aws.account import holdings, labels
from tests.support.aws.doubled import server

__all__ = ["server"]
# The command reads the real clock.
OLD = account.PAST.replace(year=2020)
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def checkout(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in server.environment().items():
        if name not in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(stacks, "find_checkout", lambda: tmp_path)
    (tmp_path / "stacks").mkdir()
    write(
        tmp_path, "aws", f"hallmark:platform: aws\n  aws:region: {REGION}\n  aws:endpoints: [{{ec2: '{server.url}'}}]"
    )
    write(tmp_path, "local", "hallmark:platform: local")
    return tmp_path


def write(checkout: Path, stack: str, config: str) -> None:
    (checkout / "stacks" / f"Pulumi.{stack}.yaml").write_text(f"config:\n  {config}\n")


def hallmark(*words: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command()(sweep.sweep)
    return CliRunner().invoke(app, words)


def test_it_removes_the_stack_s_leftovers_in_the_stack_s_region(checkout: Path, server: Server) -> None:
    ec2 = server.client("ec2")
    doomed = account.volume(ec2, labels().passing(OLD))
    stays = {account.volume(ec2, labels("other").passing(OLD)), account.volume(ec2, labels().passing(TOMORROW))}
    answer = hallmark("sweep")
    assert answer.stdout == f"removed volume {doomed}\n"
    assert f"hallmark: removing volume {doomed}: of hallmark/aws, expired 2020-11-24T11:00:00Z" in answer.stderr
    assert holdings(ec2) == stays
    assert hallmark("sweep").stdout == "nothing to remove\n"


def test_all_means_every_stack_s(checkout: Path, server: Server) -> None:
    ec2 = server.client("ec2")
    for stack in ("aws", "other"):
        account.volume(ec2, labels(stack).passing(OLD))
    assert hallmark("sweep", "--all").exit_code == 0
    assert holdings(ec2) == set()


def test_a_dry_run_removes_nothing_and_json_is_alone_on_standard_output(checkout: Path, server: Server) -> None:
    ec2 = server.client("ec2")
    made = account.volume(ec2, labels().passing(OLD))
    answer: dict[str, Any] = json.loads(hallmark("sweep", "--dry-run", "--json").stdout)
    assert answer == {"removed": [f"volume {made}"], "dry_run": True}
    assert holdings(ec2) == {made}


def test_a_local_stack_gets_one_line(checkout: Path, server: Server) -> None:
    answer = hallmark("sweep", "--stack", "local")
    assert answer.exit_code == 0
    assert answer.stderr == (
        "hallmark: stack local builds on this machine: nothing there outlives a run, there is nothing to sweep\n"
    )
    assert server.calls == []


def test_a_stack_that_is_none_is_named(checkout: Path) -> None:
    error = hallmark("sweep", "--stack", "nosuch").exception
    assert isinstance(error, SettingsError)
    assert str(error) == (
        "stack nosuch: expected one of aws, local, there is no such stack; `hallmark stack new nosuch` makes it"
    )
