"""Accepting, from a guest's results to a verdict that is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import HostError, MachineError, RejectedError, ResultsError, StoreError
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import Project, append
from tests.support.good_results import write, write_good_acceptance
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
