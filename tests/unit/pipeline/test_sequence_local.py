"""Building and accepting on this machine, from a guest's results to the store, with machines that are a function."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import (
    BuildError,
    HostError,
    MachineError,
    RejectedError,
    ResultsError,
    SettingsError,
    StoreError,
)
from hallmark.common.fingerprint import Sha256
from hallmark.local import image_store
from hallmark.local.image_store import LocalImageStore
from hallmark.pipeline import build as build_module
from hallmark.pipeline.accept import accept_image
from hallmark.pipeline.build import build_image
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import Project, append
from tests.support.good_results import write, write_good_acceptance, write_good_build
from tests.support.machines import FakeMachines, Guest


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def machines(project: Project, monkeypatch: pytest.MonkeyPatch) -> FakeMachines:
    """Machines that do without the tools for disks and media; on their disks is what the order expects."""

    def compress(_source: Path, target: Path, **_: object) -> None:
        target.write_text(target.name)

    monkeypatch.setattr(image_store, "compress", compress)
    monkeypatch.setattr(image_store, "read_status", lambda *_: status(*project.order().expected()))
    monkeypatch.setattr(build_module, "make_patch_media", lambda *_: (Path("iso"), Sha256("0" * 64)))
    return FakeMachines()


def status(*rows: tuple[str, str, str]) -> str:
    """Dpkg's status on a disk that has these packages."""
    stanza = "Package: {}\nStatus: install ok installed\nVersion: {}\nArchitecture: {}\n"
    return "\n".join(stanza.format(*row) for row in rows)


def images(project: Project) -> LocalImageStore:
    return LocalImageStore(Store(project.places().store))


def build(project: Project, machines: FakeMachines, said: list[str] | None = None) -> Image:
    say = said.append if said is not None else lambda text: None
    return build_image(project.order(), machines, images(project), project.places(), say)


def built(project: Project, machines: FakeMachines) -> Image:
    order = project.order()
    machines.guest = lambda results: write_good_build(results, order)
    return build(project, machines)


def judged(project: Project, image: Image, machines: FakeMachines, said: list[str] | None = None) -> Image:
    say = said.append if said is not None else lambda text: None
    return accept_image(project.order(), image.id, machines, images(project), project.places(), say)


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


def test_a_guest_that_lies_about_its_packages_is_found_out_by_its_disk(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in project.order().expected() if row[0] != "openssl"]
    there = status(*rows, ("openssl", "3.5.1-1", "amd64"), ("netcat", "1.2-3", "amd64"))
    monkeypatch.setattr(image_store, "read_status", lambda *_: there)
    with pytest.raises(BuildError) as found:
        built(project, machines)
    where = "what the guest told, against its disk"
    assert str(found.value).splitlines()[1:3] == [
        f"{where}: netcat: expected 1.2-3, got no such package",
        f"{where}: openssl: expected 3.5.1-1, got 3.5.1-1+deb13u1",
    ]
    assert images(project).find(project.order()) is None


def test_a_disk_that_cannot_be_read_is_no_image(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(disk: Path, scratch: Path) -> str:
        raise SettingsError(f"{disk.name}: no Linux root partition")

    monkeypatch.setattr(image_store, "read_status", unreadable)
    with pytest.raises(BuildError, match=r"build: the candidate's disk cannot be read: disk\.qcow2: no Linux root"):
        built(project, machines)


def test_an_image_of_the_same_inputs_is_adopted(project: Project, machines: FakeMachines) -> None:
    image = built(project, machines)
    said: list[str] = []

    def fail(results: Path) -> None:
        raise AssertionError("no machine is to run")

    machines.guest = fail
    assert build(project, machines, said) == image
    assert said == [f"adopted {image.id}, built from the same inputs"]


def failed_build(project: Project, machines: FakeMachines, machine: Guest) -> list[str]:
    machines.guest = machine
    with pytest.raises(BuildError) as failed:
        build(project, machines)
    assert Store(project.places().store).images() == []
    assert list((project.folder / "store" / "work").iterdir()) == []
    return str(failed.value).splitlines()


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


def test_a_candidate_that_the_store_cannot_take_is_one_clear_error(
    project: Project, machines: FakeMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = project.order()

    def refuse(store: Store, disk: Path, evidence: Path, **_: object) -> Image:
        for path in evidence.rglob("*"):
            if path.is_file():
                path.unlink()
        evidence.rename(evidence.with_name("moved"))
        raise StoreError("store: no room left on its file system")

    monkeypatch.setattr(Store, "add_candidate", refuse)
    lines = failed_build(project, machines, lambda results: write_good_build(results, order))
    assert lines[0] == "web: store: no room left on its file system"


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
    assert "accepted" in (accepted.evidence / "index.md").read_text()


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

    machines.guest = machine
    with pytest.raises(RejectedError) as rejected:
        judged(project, image, machines)
    assert str(rejected.value) == (
        f"{image.id}: rejected:\nsecond boot: acceptance script pages.sh: exit code 7\nevidence: {image.evidence}"
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
        f"{image.id}: was rejected: second boot: acceptance script pages.sh: exit code 7\nevidence: {image.evidence}\n"
        f"change the recipe, or judge it again with `hallmark retry {image.id}`"
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


def test_a_candidate_whose_disk_has_other_bytes_is_not_judged(project: Project, machines: FakeMachines) -> None:
    image = built(project, machines)
    image.disk.chmod(0o644)
    image.disk.write_text("DISK.qcow2"[: image.size])
    with pytest.raises(StoreError) as refused:
        judged(project, image, machines)
    assert str(refused.value) == (
        f"{image.disk}: expected the bytes that the build made, got others; remove {image.folder}"
    )
