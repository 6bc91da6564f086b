"""Building, from a guest's results to a candidate or a failure that is kept."""

from __future__ import annotations

from pathlib import Path

from hallmark.common.errors import MachineError
from hallmark.pipeline.build import build_image
from tests.support.examples import Project, append
from tests.support.good_results import write, write_good_build
from tests.support.local_sequence import build, built, failed_build, images, machines, project
from tests.support.machines import FakeMachines

__all__ = ["machines", "project"]


def test_a_good_build_leaves_a_candidate_and_its_evidence(project: Project, machines: FakeMachines) -> None:
    image = built(project, machines)
    assert image.state == "candidate"
    assert image.packages == 4
    names = {path.relative_to(image.evidence).as_posix() for path in image.evidence.rglob("*") if path.is_file()}
    assert {
        "index.md",
        "order.json",
        "recipe.toml",
        "patch-lock.json",
        "build-console.log",
        "build/isolation.txt",
        "build/inventory-before.tsv",
        "build/controls/alpha.exit",
    } <= names
    assert list((project.folder / "store" / "work").iterdir()) == []


def test_the_recipe_in_the_evidence_is_the_one_that_was_ordered(project: Project, machines: FakeMachines) -> None:
    order, ordered = project.order(), project.recipe_file.read_text()

    def edit_meanwhile(results: Path) -> None:
        write_good_build(results, order)
        append(project.recipe_file, "# changed while the build ran\n")

    machines.guest = edit_meanwhile
    image = build_image(order, machines, images(project), project.places(), lambda text: None)
    assert (image.evidence / "recipe.toml").read_text() == ordered


def test_an_image_of_the_same_inputs_is_adopted(project: Project, machines: FakeMachines) -> None:
    image = built(project, machines)
    said: list[str] = []

    def fail(results: Path) -> None:
        raise AssertionError("no machine is to run")

    machines.guest = fail
    assert build(project, machines, said) == image
    assert said == [f"adopted {image.id}, built from the same inputs"]


def test_a_build_that_is_judged_bad_leaves_its_evidence_and_no_image(project: Project, machines: FakeMachines) -> None:
    order = project.order()

    def machine(results: Path) -> None:
        write_good_build(results, order)
        (results / "isolation.txt").unlink()

    lines = failed_build(project, machines, machine)
    assert lines[:2] == [
        "web: build: the host judges against it:",
        "isolation.txt: expected a proof of the isolation, got none",
    ]
    evidence = Path(lines[2].removeprefix("evidence: "))
    assert (evidence / "build" / "controls" / "alpha.exit").exists()
    assert (evidence / "console.log").read_text() == "last words\n"
    assert "the host judges against it" in (evidence / "error.txt").read_text()
    assert (evidence / "index.md").exists()


def test_a_machine_that_fails_is_told_with_the_place_where_its_console_is_kept(
    project: Project, machines: FakeMachines
) -> None:
    def machine(results: Path) -> None:
        raise MachineError(f"the guest's kernel panicked; console log: {results.parent / 'console.log'}")

    lines = failed_build(project, machines, machine)
    console = Path(lines[0].removeprefix("web: the guest's kernel panicked; console log: "))
    assert console.read_text() == "last words\n"
    assert lines[1] == f"evidence: {console.parent}"
    told = "the guest's kernel panicked; console log: console.log"
    assert (console.parent / "error.txt").read_text() == f"{told}\n"
    assert told in (console.parent / "index.md").read_text()


def test_a_control_that_fails_is_told_with_what_it_found(project: Project, machines: FakeMachines) -> None:
    order = project.order()

    def machine(results: Path) -> None:
        write_good_build(results, order)
        write(results / "controls/alpha.exit", "1\n")
        write(results / "controls/alpha.out", "looking\nFAIL /etc/alpha: expected 0644, got 0666\n")

    lines = failed_build(project, machines, machine)
    assert lines[1:3] == [
        "controls: 1 passed, 1 failed (alpha)",
        "  alpha: FAIL /etc/alpha: expected 0644, got 0666",
    ]
    assert lines[-1].startswith("evidence: ")


def test_folders_in_the_place_of_results_fail_the_build_and_keep_its_evidence(
    project: Project, machines: FakeMachines
) -> None:
    order = project.order()

    def machine(results: Path) -> None:
        write_good_build(results, order)
        for name in ("isolation.txt", "timings.tsv", "inventory-before.tsv"):
            (results / name).unlink()
            (results / name).mkdir()

    lines = failed_build(project, machines, machine)
    assert lines[1] == "isolation.txt: expected a proof of the isolation, got none"
