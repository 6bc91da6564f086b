"""Having an image judged later, on machines that are a function: what it boots, what it is given, what is believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.common.errors import HostError, MachineError
from hallmark.config.recipe import Judge
from hallmark.order.order import JUDGE_SCRIPTS, Order
from hallmark.pipeline import judge as module
from hallmark.pipeline.judge import judge_image
from hallmark.verdict.scores import Score
from tests.support.examples import Project
from tests.support.good_results import isolation, write
from tests.support.judges_reports import TOOLS, lynis, write_report
from tests.support.machines import FakeMachines, Guest

LYNIS = Judge(name="lynis", least_score=50)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project")
    for name in JUDGE_SCRIPTS:
        (project.scripts / name).write_text(f"# {name}\n")
    return project


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> dict[str, Path | bytes]:
    """What the media hold."""
    carried: dict[str, Path | bytes] = {}

    def make_media(path: Path, files: dict[str, Path | bytes], **_: object) -> str:
        path.touch()
        carried.update(files)
        return "d" * 64

    monkeypatch.setattr(module, "make_media", make_media)
    return carried


def judged(*, stage: str = "done", proof: str = isolation("none")) -> Guest:
    def guest(results: Path) -> None:
        write(results / "exit", "0\n")
        write(results / "stage", f"{stage}\n")
        write(results / "isolation.txt", proof)
        write_report(results, LYNIS, lynis(68, passed=("SSH-7408",)))

    return guest


Judging = Callable[[FakeMachines], tuple[Score, ...]]


@pytest.fixture
def have_judged(project: Project, carried: object, tmp_path: Path) -> Judging:
    work, order = tmp_path / "work", project.order()
    work.mkdir()
    return lambda machines: judge_image(
        order, "image", (LYNIS,), TOOLS, project.scripts, machines, work=work, say=lambda _: None
    )


def test_a_machine_boots_the_image_and_the_scores_are_read(
    have_judged: Judging, carried: dict[str, Path | bytes], project: Project, tmp_path: Path
) -> None:
    machines = FakeMachines(guest=judged())
    assert [score.score for score in have_judged(machines)] == [68.0]
    (run,) = machines.runs
    order: Order = project.order()
    assert (run.boots, run.name, run.shape) == ("image", order.recipe, order.shape)
    assert (run.task.mode, run.task.manifest, run.task.reboots) == ("judge", "d" * 64, 0)
    assert [user["name"] for user in run.task.cloud_config["users"]] == list(order.administrators)
    scripts = {f"image_scripts/{name}" for name in JUDGE_SCRIPTS}
    assert set(carried) == {*scripts, "plan/build.env", "judges/asked", "judges/tools.tar"}
    assert carried["judges/asked"] == b"lynis -\n"


def test_the_proof_of_a_network_that_was_made_is_kept_beside_the_reports(have_judged: Judging, tmp_path: Path) -> None:
    have_judged(FakeMachines(guest=judged(), network_proof="sealed\n"))
    assert (tmp_path / "work/results/judges/isolation-network.txt").read_text() == "sealed\n"


@pytest.mark.parametrize(
    ("guest", "message"),
    [
        (judged(proof="expected: none\nSURPRISE: an interface\nall probed\n"), "judge: the machine was not isolated"),
        (judged(proof=isolation("imds")), "judge: the machine was not isolated"),
        (judged(stage="judges"), "judge: stage judges: exit code 0"),
    ],
)
def test_a_machine_that_reaches_out_or_does_not_come_to_its_end_judges_nothing(
    have_judged: Judging, guest: Guest, message: str
) -> None:
    with pytest.raises(MachineError, match=message):
        have_judged(FakeMachines(guest=guest))


def test_a_run_that_ends_badly_is_told(have_judged: Judging) -> None:
    with pytest.raises(HostError, match="no room"):
        have_judged(FakeMachines(error=HostError("no room")))
