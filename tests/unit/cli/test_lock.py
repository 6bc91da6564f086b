"""`hallmark lock`: the newest guide of the stack's mirror, in the checkout's lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hallmark.cli import lock, stacks
from hallmark.debian.lock import load_lock
from hallmark.judges.tools import LOCK
from tests.support.command_line import call
from tests.support.examples import LOCK as EXAMPLE


def test_the_lock_is_written_into_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.local.yaml").write_text(
        "config:\n  hallmark:mirror: http://mirror.invalid/debian\n"
        f"  hallmark:securityMirror: http://mirror.invalid/security\n  hallmark:cache: {tmp_path}/cache\n"
    )
    asked: list[str] = []

    def renew(roots: object, pool: Path, say: object) -> object:
        asked.append(str(pool))
        return EXAMPLE

    monkeypatch.setattr(stacks, "find_checkout", lambda: tmp_path)
    monkeypatch.setattr(lock, "find_checkout", lambda: tmp_path)
    monkeypatch.setattr(lock, "renew_lock", renew)
    assert json.loads(call("lock", "--json"))["packages"]["nginx"] == "1.26-3"
    assert asked == [f"{tmp_path}/cache/pool"]
    assert load_lock(tmp_path / LOCK) == EXAMPLE
    assert "nginx 1.26-3" in call("lock")
