"""`hallmark up` and `hallmark outputs`: what they say at the end, for people and as JSON alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hallmark.cli import stacks, up
from hallmark.common.errors import SettingsError
from hallmark.common.failures import Failure, RunError
from hallmark.config.disk import Disk
from hallmark.engine.engine import Engine
from tests.support.command_line import call
from tests.support.examples import RECIPE, write_recipe
from tests.support.small_disk import CHECKOUT

IMAGES = {
    "web": {"id": "web-1", "disk": "/s/disk.qcow2", "evidence": "/s/evidence", "channel": "stable", "accepted": True}
}


class FakeEngine:
    """Stands in for the engine."""

    def __init__(self) -> None:
        self.stacks: list[tuple[str, bool]] = []
        self.targets: Sequence[str] = ()
        self.error: RunError | None = None

    def up(self, stack: str, _say: object, *, output: object = None, targets: Sequence[str] = ()) -> None:
        """Remember the call."""
        self.stacks.append((stack, output is not None))
        self.targets = targets
        if self.error is not None:
            raise self.error

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


def test_a_failed_run_shows_what_became_of_the_others_and_all_failures_as_json(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = Failure(recipe="db", step="local.build", code=5, message="db: build: failed")
    engine.error = RunError("stack local failed", exit_code=5, failures=[failure])
    with pytest.raises(RunError):
        up.up("local", as_json=False)
    assert "web: released on channel stable" in capsys.readouterr().out
    with pytest.raises(RunError):
        up.up("local", as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "stack": "local",
        "images": IMAGES,
        "failures": [failure.model_dump()],
        "code": 5,
    }


def test_one_recipe_of_several_is_named_to_the_engine(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.local.yaml").write_text('config:\n  hallmark:recipes: ["web", "db"]\n')
    call("up", "local", "--recipe", "web")
    assert "**::web" in engine.targets
    assert "**$**::web-build" in engine.targets
    assert not [target for target in engine.targets if "db" in target]
    with pytest.raises(SettingsError, match="expected mail to be listed; there are web, db"):
        call("up", "local", "--recipe", "mail")


def test_the_base_of_that_recipes_disk_is_named_with_it(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.local.yaml").write_text('config:\n  hallmark:recipes: ["web", "db"]\n')
    write_recipe(tmp_path, f'{RECIPE}\n[disk]\nlayout = "separate"\n')
    call("up", "local", "--recipe", "web")
    assert f"**::{Disk(layout='separate').laid_out().base_name}" in engine.targets
    call("up", "local", "--recipe", "db")
    assert not [target for target in engine.targets if "base-on" in target]


def test_outputs_are_json(engine: FakeEngine) -> None:
    assert json.loads(call("outputs")) == {"images": IMAGES}


def test_the_engine_and_the_command_line_fit_together() -> None:
    assert Engine(CHECKOUT, {}).state == CHECKOUT / ".hallmark/state"
