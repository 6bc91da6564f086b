"""`hallmark up` and `hallmark outputs`: what they say at the end, for people and as JSON alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hallmark.cli import stacks, up
from hallmark.engine.engine import Engine
from tests.support.command_line import call
from tests.support.small_disk import CHECKOUT

IMAGES = {
    "web": {"id": "web-1", "disk": "/s/disk.qcow2", "evidence": "/s/evidence", "channel": "stable", "accepted": True}
}


class FakeEngine:
    """Stands in for the engine."""

    def __init__(self) -> None:
        self.stacks: list[tuple[str, bool]] = []

    def up(self, stack: str, _say: object, *, output: object = None) -> None:
        """Remember the call."""
        self.stacks.append((stack, output is not None))

    def outputs(self, _stack: str) -> dict[str, Any]:
        """Outputs like the real ones."""
        return {"images": IMAGES}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEngine:
    """An engine that does nothing."""
    fake = FakeEngine()
    monkeypatch.setattr(up, "Engine", lambda *_: fake)
    for module in (up, stacks):
        monkeypatch.setattr(module, "find_checkout", lambda: tmp_path)
    return fake


def test_up_ends_by_naming_image_disk_evidence_and_next_commands(engine: FakeEngine) -> None:
    said = call("up")
    assert engine.stacks == [("local", False)]
    for expected in (
        "web: released on channel stable",
        "web-1",
        "/s/disk.qcow2",
        "/s/evidence",
        "make run",
        "hallmark show web",
        "make -s outputs",
    ):
        assert expected in said


def test_up_as_json_keeps_the_engines_words_out_of_standard_output(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.other.yaml").write_text("config: {}\n")
    said = json.loads(call("up", "other", "--json"))
    assert engine.stacks == [("other", True)]
    assert said["images"] == IMAGES
    assert "make run STACK=other" in said["next"]


def test_outputs_are_json(engine: FakeEngine) -> None:
    assert json.loads(call("outputs")) == {"images": IMAGES}


def test_the_engine_and_the_command_line_fit_together() -> None:
    assert Engine(CHECKOUT, {}).state == CHECKOUT / ".hallmark/state"
