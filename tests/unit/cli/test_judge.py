"""`hallmark judge`: which judges are asked, and what becomes of what they say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hallmark.cli import app as cli
from hallmark.cli import judge as command
from hallmark.cli import stacks
from hallmark.common.errors import RejectedError, SettingsError
from hallmark.config.recipe import Judge
from hallmark.debian.apt import PrivateRoot
from hallmark.evidence.index import write_index
from hallmark.evidence.summary import load_summary
from hallmark.order.order import Order
from hallmark.store.image import Image
from hallmark.store.store import Store
from hallmark.verdict.scores import Score, score_all
from tests.support.examples import Project
from tests.support.good_results import write
from tests.support.judges_reports import LYNIS, SSH_AUDIT, TOOLS, lynis, openscap, write_report
from tests.support.summaries import WHOLE

ASKED = Judge(name="lynis", least_score=60)


class Machine:
    """Stands in for mirror and machine: whoever is asked leaves a report."""

    def __init__(self) -> None:
        self.lynis = LYNIS
        self.asked: list[str] = []
        self.boots = ""

    def judge_image(
        self, _order: Order, boots: str, judges: Sequence[Judge], *_: object, work: Path, **__: object
    ) -> tuple[Score, ...]:
        self.asked, self.boots = [judge.label for judge in judges], boots
        for judge in judges:
            report = openscap({"a": "pass"}, profile=judge.profile) if judge.profile else SSH_AUDIT
            write_report(work / "results", judge, self.lynis if judge.name == "lynis" else report)
        return score_all(judges, TOOLS, work / "results")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image whose recipe asks Lynis for 60."""
    order = Project(tmp_path / "project").order().model_copy(update={"judges": (ASKED,)})
    store = Store(tmp_path / "store")
    with store.workdir("build") as work:
        (work / "disk").write_text("disk")
        write(work / "evidence/order.json", order.model_dump_json())
        write_index(work / "evidence", WHOLE)
        return store.add_candidate(
            work / "disk", work / "evidence", recipe=order.recipe, fingerprint=order.fingerprint, packages=1
        )


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    machine = Machine()
    config = {"hallmark:mirror": "http://mirror.invalid/debian", "hallmark:securityMirror": "http://mirror.invalid/s"}
    monkeypatch.setattr(stacks, "read_config", lambda _stack: {**config, "hallmark:cache": str(tmp_path / "cache")})
    monkeypatch.setattr(command, "judge_image", machine.judge_image)
    monkeypatch.setattr(command, "fetch_tools", lambda *_: TOOLS)
    monkeypatch.setattr(PrivateRoot, "update", lambda _self: None)
    return machine


def call(image: Image, *words: str) -> Result:
    store = image.folder.parent.parent
    return CliRunner().invoke(cli.app, ["judge", image.id, "--store", str(store), *words], catch_exceptions=False)


def test_all_are_asked_and_what_they_say_joins_the_evidence(image: Image, machine: Machine) -> None:
    done = call(image)
    assert done.exit_code == 0
    assert machine.asked == [each.label for each in command.ALL]
    assert machine.boots == str(image.disk)
    assert "lynis: 68 % (at least 60 %)" in done.output
    summary = load_summary(image.evidence)
    assert summary is not None
    assert [each.label for each in summary.judges] == machine.asked
    assert (image.evidence / "judges" / "ssh-audit" / "ssh-audit.json").read_bytes() == SSH_AUDIT
    assert "openscap-cis_level1_server" in (image.evidence / "index.md").read_text()


def test_one_is_asked_again_and_the_others_stay(image: Image, machine: Machine) -> None:
    call(image)
    machine.lynis = lynis(71, passed=("SSH-7408",))
    told = json.loads(call(image, "--judge", "lynis", "--json").stdout)
    assert [(each["name"], each["score"]) for each in told] == [("lynis", 71.0)]
    summary = load_summary(image.evidence)
    assert summary is not None
    assert {each.label: each.score for each in summary.judges}["lynis"] == 71
    assert len(summary.judges) == len(command.ALL)


def test_a_tool_stands_for_all_of_its_profiles(image: Image, machine: Machine) -> None:
    call(image, "--judge", "openscap", "--judge", "openscap-cis_level1_server")
    assert machine.asked == [each.label for each in command.ALL if each.name == "openscap"]


def test_below_what_the_recipe_asks_for_it_ends_with_an_error_and_the_state_stays(
    image: Image, machine: Machine
) -> None:
    machine.lynis = lynis(59, passed=("SSH-7408",))
    with pytest.raises(RejectedError, match="judged, and below what its recipe asks for"):
        call(image, "--judge", "lynis")
    assert Store(image.folder.parent.parent).image(image.id).state == "candidate"
    summary = load_summary(image.evidence)
    assert summary is not None
    assert summary.judges[0].score == 59


def test_an_unknown_judge_is_told_with_those_that_there_are(image: Image, machine: Machine) -> None:
    with pytest.raises(SettingsError, match="--judge nessus: expected one of lynis, openscap-anssi_bp28_enhanced"):
        call(image, "--judge", "nessus")
