"""Accepting, from a guest's results to a verdict that is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import HostError, MachineError, RejectedError, ResultsError, StoreError
from hallmark.common.fingerprint import hash_bytes
from hallmark.evidence.summary import load_summary
from hallmark.local.image_store import lower_scores
from hallmark.order.order import Order
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import Project, append
from tests.support.good_results import write, write_good_acceptance
from tests.support.judges_reports import TOOLS, lynis, write_report
from tests.support.local_sequence import built, judged, machines, project
from tests.support.machines import FakeMachines

__all__ = ["machines", "project"]


def test_a_fit_candidate_is_accepted_with_the_evidence_of_both_machines(
    project: Project, machines: FakeMachines
) -> None:
    image = built(project, machines)
    order = project.order()
    machines.guest = lambda results: write_good_acceptance(results, order)
    accepted = judged(project, image, machines)
    assert (accepted.state, accepted.acceptance) == ("accepted", order.acceptance_fingerprint)
    assert (accepted.evidence / "acceptance" / "facts" / "machine-id").exists()
    assert (accepted.evidence / "build" / "isolation.txt").exists()
    index = (accepted.evidence / "index.md").read_text()
    assert "accepted" in index
    assert accepted.sha256 in index


def test_what_was_accepted_is_not_judged_again(project: Project, machines: FakeMachines) -> None:
    image = built(project, machines)
    order = project.order()
    machines.guest = lambda results: write_good_acceptance(results, order)
    judged(project, image, machines)
    said: list[str] = []
    machines.guest = lambda results: pytest.fail("no machine is to run")
    assert judged(project, image, machines, said).state == "accepted"
    assert said == [f"{image.id} was accepted before, by the same tests"]


def reject(project: Project, machines: FakeMachines) -> Image:
    image = built(project, machines)
    order = project.order()

    def machine(results: Path) -> None:
        write_good_acceptance(results, order)
        write(results / "recipe" / "pages.sh.exit", "7\n")
        write(results / "recipe" / "pages.sh.out", "asking\nno page came\n")

    machines.guest = machine
    with pytest.raises(RejectedError) as rejected:
        judged(project, image, machines)
    assert str(rejected.value) == (
        f"{image.id}: rejected:\nsecond boot: acceptance script pages.sh: exit code 7\n"
        f"  pages.sh: asking\n  pages.sh: no page came\nevidence: {image.evidence}"
    )
    return image


def test_an_unfit_candidate_is_kept_as_rejected_and_no_channel_takes_it(
    project: Project, machines: FakeMachines
) -> None:
    image = reject(project, machines)
    store = Store(project.places().store)
    assert store.image(image.id).state == "rejected"
    assert store.image(image.id).reason == "second boot: acceptance script pages.sh: exit code 7"
    with pytest.raises(StoreError, match="expected an accepted image"):
        store.move_channel("web", "stable", image.id)


def test_what_was_rejected_fails_at_once_until_it_is_retried(project: Project, machines: FakeMachines) -> None:
    image = reject(project, machines)
    order = project.order()
    machines.guest = lambda results: pytest.fail("no machine is to run")
    with pytest.raises(RejectedError) as rejected:
        judged(project, image, machines)
    assert str(rejected.value) == (
        f"{image.id}: was rejected: second boot: acceptance script pages.sh: exit code 7\n"
        f"change the recipe, or judge it again with `hallmark retry {image.id}`\nevidence: {image.evidence}"
    )
    Store(project.places().store).retry(image.id)
    machines.guest = lambda results: write_good_acceptance(results, order)
    assert judged(project, image, machines).state == "accepted"


def test_what_was_rejected_is_judged_by_other_tests(project: Project, machines: FakeMachines) -> None:
    image = reject(project, machines)
    append(project.recipe_file.parent / "acceptance" / "pages.sh", "# better\n")
    order = project.order()
    machines.guest = lambda results: write_good_acceptance(results, order)
    assert judged(project, image, machines).state == "accepted"


@pytest.mark.parametrize("kind", [MachineError, ResultsError])
def test_a_candidate_that_does_not_end_well_is_rejected_naming_its_console(
    project: Project, machines: FakeMachines, kind: type[MachineError | ResultsError]
) -> None:
    image = built(project, machines)

    def machine(results: Path) -> None:
        raise kind(f"the guest's kernel panicked; console log: {results.parent / 'console.log'}")

    machines.guest = machine
    with pytest.raises(RejectedError) as rejected:
        judged(project, image, machines)
    console = image.evidence / "acceptance-console.log"
    assert f"the guest's kernel panicked; console log: {console}" in str(rejected.value).splitlines()
    assert console.read_text() == "last words\n"


def test_trouble_of_the_host_is_no_judgement(project: Project, machines: FakeMachines) -> None:
    image = built(project, machines)
    order = project.order()

    def machine(results: Path) -> None:
        raise HostError(f"QEMU was ended by a signal; console log: {results.parent / 'console.log'}")

    machines.guest = machine
    with pytest.raises(HostError) as failed:
        judged(project, image, machines)
    console = image.evidence / "acceptance-console.log"
    assert str(failed.value) == (
        f"{image.id}: QEMU was ended by a signal; console log: {console}; it was not judged, run again"
    )
    assert console.read_text() == "last words\n"
    assert Store(project.places().store).image(image.id).state == "candidate"
    machines.guest = lambda results: write_good_acceptance(results, order)
    assert judged(project, image, machines).state == "accepted"


def judge_by(project: Project, monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    """Have the recipe ask Lynis; its tools are a file."""
    tree = project.folder / "tools.tar"
    tree.write_bytes(b"tools")
    tools = TOOLS.model_copy(update={"tree": tree, "sha256": hash_bytes(b"tools")})
    (project.scripts / "judges.sh").write_text("# judges\n")
    append(project.recipe_file, f'\n[[judge]]\nname = "lynis"\nleast_score = {least}\n')
    order = project.order
    monkeypatch.setattr(project, "order", lambda: order(tools=tools))


@pytest.mark.parametrize(("index", "state"), [(68, "accepted"), (64, "rejected")])
def test_a_judge_that_is_not_ours_can_reject_and_its_score_is_kept(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch, index: int, state: str
) -> None:
    judge_by(project, monkeypatch, 65)
    image, order = built(project, machines), project.order()
    assert order.tools is not None
    carried = order.tools.sha256

    def machine(results: Path) -> None:
        write_good_acceptance(results, order)
        report = lynis(index, failed=("BOOT-5122",), passed=("SSH-7408",))
        write_report(results, order.judges[0], report, carried=carried)

    machines.guest = machine
    said: list[str] = []
    if state == "accepted":
        judged(project, image, machines, said)
    else:
        with pytest.raises(RejectedError, match="judge lynis: expected a score of at least 65 %, got 64 %") as rejected:
            judged(project, image, machines, said)
        assert "  BOOT-5122" in str(rejected.value)
    kept = Store(project.places().store).image(image.id)
    assert kept.state == state
    summary = load_summary(kept.evidence)
    assert summary is not None
    assert (summary.judges[0].score, summary.judges[0].failed) == (index, ("BOOT-5122",))
    assert f"lynis: {index} % (at least 65 %)" in said
    assert (kept.evidence / "acceptance" / "judges" / "lynis" / "report.dat").is_file()


def test_a_judge_that_left_nothing_rejects(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_by(project, monkeypatch, 0)
    image, order = built(project, machines), project.order()
    machines.guest = lambda results: write_good_acceptance(results, order)
    with pytest.raises(RejectedError, match="judge lynis: expected the tools"):
        judged(project, image, machines)


def test_a_lower_score_than_the_released_images_is_told(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_by(project, monkeypatch, 0)
    said: list[str] = []
    for index, more in ((70, ""), (66, "\n# newer\n")):
        append(project.scripts / "build.sh", more)
        image, order = built(project, machines), project.order()
        assert order.tools is not None
        carried = order.tools.sha256

        def machine(results: Path, order: Order = order, index: int = index, carried: str = carried) -> None:
            write_good_acceptance(results, order)
            write_report(results, order.judges[0], lynis(index, passed=("SSH-7408",)), carried=carried)

        machines.guest = machine
        judged(project, image, machines, said)
        store = Store(project.places().store)
        assert lower_scores(store, "web", "stable", image.id) == (
            [] if index == 70 else ["release: lynis: less than the released image's 70 %"]
        )
        store.move_channel("web", "stable", image.id)
    assert "lynis: less than the released image's 70 %" in said
    summary = load_summary(Store(project.places().store).image(image.id).evidence)
    assert summary is not None
    assert summary.judges[0].before == 70
