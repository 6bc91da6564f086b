"""The host's judgement of a finished build and of a booted candidate: each way to fail is one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.common.errors import BuildError, HostError, MachineError, RejectedError, ResultsError, StoreError
from hallmark.common.fingerprint import Sha256
from hallmark.guest.user_data import Guest
from hallmark.local.base import Base
from hallmark.local.machine import Run
from hallmark.order.order import Order
from hallmark.pipeline import acceptance, build
from hallmark.pipeline.acceptance import accept_image, judge_acceptance
from hallmark.pipeline.build import build_image, judge_build
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import BASE, Project, append
from tests.support.good_results import (
    write,
    write_good_acceptance,
    write_good_build,
    write_rows,
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def order(project: Project) -> Order:
    return project.order()


def test_a_build_in_which_all_went_well_is_good(tmp_path: Path, order: Order) -> None:
    results = tmp_path / "results"
    write_good_build(results, order)
    verdict, problems = judge_build(order, results)
    assert problems == []
    assert verdict.passed == ("alpha", "beta")


def test_a_control_may_remove_a_package_of_the_base(tmp_path: Path, order: Order) -> None:
    results = tmp_path / "results"
    write_good_build(results, order)
    write_rows(results / "inventory-after.tsv", order.expected()[1:])
    assert judge_build(order, results)[1] == []


def unlink(name: str) -> Callable[[Path], object]:
    return lambda results: (results / name).unlink()


def put(name: str, text: str) -> Callable[[Path], object]:
    return lambda results: write(results / name, text)


def add(name: str, text: str) -> Callable[[Path], object]:
    return lambda results: append(results / name, text)


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (unlink("isolation.txt"), ["isolation.txt: expected a proof of the isolation, got none"]),
        (unlink("isolation-after.txt"), ["isolation-after.txt: expected a proof of the isolation, got none"]),
        (add("isolation.txt", "SURPRISE: an interface exists\n"), ["isolation.txt: SURPRISE: an interface exists"]),
        (
            add("isolation-after.txt", "SURPRISE: a name was resolved\n"),
            ["isolation-after.txt: SURPRISE: a name was resolved"],
        ),
        (
            add("inventory-before.tsv", "netcat\t1\tamd64\n"),
            ["before: netcat: expected no such package, got 1"],
        ),
        (
            add("inventory-patched.tsv", "netcat\t1\tamd64\n"),
            ["patched: netcat: expected no such package, got 1"],
        ),
        (
            put("inventory-patched.tsv", ""),
            [
                "patched: base-files: expected 13.8, got no such package",
                "patched: linux-image-6.12.8-cloud-amd64: expected 6.12.8-1, got no such package",
                "patched: linux-image-6.12.9-cloud-amd64: expected 6.12.9-1, got no such package",
                "patched: nginx: expected 1.26-3, got no such package",
                "patched: openssl: expected 3.5.1-1+deb13u1, got no such package",
            ],
        ),
        (add("inventory-after.tsv", "netcat\t1\tamd64\n"), ["after: netcat 1 is in neither base nor lock"]),
        (
            add("inventory-after.tsv", "linux-image-6.12.8-cloud-amd64\t6.12.8-1\tamd64\n"),
            ["after: linux-image-6.12.8-cloud-amd64 6.12.8-1 is in neither base nor lock"],
        ),
        (unlink("inventory-after.tsv"), ["after: expected an inventory, got none"]),
        (unlink("controls/beta.exit"), ["controls: 1 passed, 1 failed (beta: no result)"]),
        (put("controls/beta.exit", "1"), ["controls: 1 passed, 1 failed (beta)"]),
        (put("controls/beta.exit", "2"), ["controls: 1 passed, 1 failed (beta: error)"]),
        (put("controls/beta.exit", "yes"), ["controls: 1 passed, 1 failed (beta: no result)"]),
        (put("controls/gamma.exit", "0"), ["controls: 2 passed, 1 failed (gamma: not planned)"]),
    ],
)
def test_each_way_for_a_build_to_fail_is_told(
    tmp_path: Path, order: Order, spoil: Callable[[Path], object], problems: list[str]
) -> None:
    results = tmp_path / "results"
    write_good_build(results, order)
    spoil(results)
    assert judge_build(order, results)[1] == problems


def test_a_guest_that_wrote_nothing_is_never_good(tmp_path: Path, order: Order) -> None:
    (tmp_path / "results").mkdir()
    problems = judge_build(order, tmp_path / "results")[1]
    assert "isolation.txt: expected a proof of the isolation, got none" in problems
    assert "controls: 0 passed, 2 failed (alpha: no result, beta: no result)" in problems


def break_units(results: Path) -> None:
    write(results / "facts" / "system-state", "degraded\n")
    write(results / "facts" / "failed-units", "nftables.service\nssh.service\n")


@pytest.fixture
def candidate(tmp_path: Path, order: Order) -> Path:
    """The evidence of a good build."""
    write_good_build(tmp_path / "evidence" / "build", order)
    return tmp_path / "evidence"


def test_a_candidate_on_which_all_is_well_is_fit(tmp_path: Path, order: Order, candidate: Path) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    problems, verdict = judge_acceptance(order, results, candidate)
    assert problems == []
    assert verdict.good


def test_an_image_without_cloud_init_is_fit(tmp_path: Path, order: Order, candidate: Path) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    (results / "facts" / "cloud-init.json").unlink()
    assert judge_acceptance(order, results, candidate)[0] == []


DEGRADED = "boot: expected the system to be running, it is degraded"
NO_STATE = "boot: expected the system to be running, it is unknown; failed units: none"


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (unlink("facts/system-state"), [NO_STATE]),
        (
            break_units,
            [f"{DEGRADED}; failed units: nftables.service, ssh.service"],
        ),
        (put("facts/multi-user", "inactive"), ["boot: multi-user.target was not reached"]),
        (unlink("facts/multi-user"), ["boot: multi-user.target was not reached"]),
        (
            put("facts/kernel", "6.12.8-cloud-amd64"),
            ["boot: expected the newest kernel, 6.12.9-cloud-amd64, to be running, got 6.12.8-cloud-amd64"],
        ),
        (
            unlink("facts/kernels"),
            ["boot: expected the newest kernel, none, to be running, got 6.12.9-cloud-amd64"],
        ),
        (put("facts/machine-id", "uninitialized"), ["first boot: no new machine-id"]),
        (unlink("facts/machine-id"), ["first boot: no new machine-id"]),
        (put("facts/host-keys", "\n"), ["first boot: no SSH host keys"]),
        (put("facts/cloud-init.json", '{"status": "error"}'), ["first boot: cloud-init ended as error"]),
        (put("facts/cloud-init.json", '{"status": "\\u001b[2Jx"}'), ["first boot: cloud-init ended as x"]),
        (put("facts/cloud-init.json", "{}"), ["first boot: cloud-init ended as unreadable"]),
        (put("facts/cloud-init.json", "[" * 100_000), ["first boot: cloud-init ended as unreadable"]),
        (unlink("isolation.txt"), ["isolation.txt: expected a proof of the isolation, got none"]),
        (add("isolation.txt", "SURPRISE: a route\n"), ["isolation.txt: SURPRISE: a route"]),
        (
            add("inventory-acceptance.tsv", "netcat\t1\tamd64\n"),
            ["acceptance: netcat: expected no such package, got 1"],
        ),
        (put("controls/alpha.exit", "1"), ["controls: 1 passed, 1 failed (alpha)"]),
        (unlink("controls/alpha.exit"), ["controls: 1 passed, 1 failed (alpha: no result)"]),
        (put("recipe/pages.sh.exit", "1"), ["acceptance script pages.sh: exit code 1"]),
        (unlink("recipe/pages.sh.exit"), ["acceptance script pages.sh: exit code none: it did not run"]),
    ],
)
def test_each_way_for_a_candidate_to_be_unfit_is_told(
    tmp_path: Path, order: Order, candidate: Path, spoil: Callable[[Path], object], problems: list[str]
) -> None:
    results = tmp_path / "results"
    write_good_acceptance(results, order)
    spoil(results)
    assert judge_acceptance(order, results, candidate)[0] == problems


def test_a_failure_that_is_waived_speaks_against_neither(tmp_path: Path, project: Project) -> None:
    waiver = '\n[[hardening.waivers]]\ncontrol = "beta"\nreason = "for now"\nexpires = 2026-12-31\n'
    append(project.recipe_file, waiver)
    order = project.order()
    write_good_build(tmp_path / "evidence" / "build", order)
    write_good_acceptance(tmp_path / "results", order)
    for folder in (tmp_path / "evidence" / "build", tmp_path / "results"):
        write(folder / "controls" / "beta.exit", "1\n")
    assert judge_build(order, tmp_path / "evidence" / "build")[1] == []
    assert judge_acceptance(order, tmp_path / "results", tmp_path / "evidence")[0] == []


# From judgement to store, with a machine that is a function.

Machine = Callable[[Path], None]


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base(fingerprint=BASE, disk=tmp_path / "b", status=tmp_path / "s", kernel=tmp_path / "k")


def play(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> None:
    """Let a function write the results in place of every machine, and do without the tools for disks."""

    def run(guest: Guest, order: Order, base: Base, places: object, work: Path, say: object) -> Run:
        (work / "console.log").write_text("booted\n")
        machine(work / "results")
        return Run(seconds=1, console=work / "console.log")

    def copy(source: Path, target: Path, **_: object) -> None:
        target.write_text(f"{target.name}")

    for module in (build, acceptance):
        monkeypatch.setattr(module, "run_in_slot", run)
        monkeypatch.setattr(module, "make_overlay", lambda backing, target: target.write_text("overlay"))
    monkeypatch.setattr(build, "compress", copy)
    monkeypatch.setattr(build, "make_patch_media", lambda order, places, say: (Path("iso"), Sha256("0" * 64)))
    monkeypatch.setattr(Store, "need_room", lambda store, size: None)


def built(project: Project, base: Base, monkeypatch: pytest.MonkeyPatch) -> Image:
    order = project.order()
    play(monkeypatch, lambda results: write_good_build(results, order))
    return build_image(order, base, project.places(), lambda text: None)


def judged(project: Project, image: Image, base: Base, said: list[str] | None = None) -> Image:
    say = said.append if said is not None else lambda text: None
    return accept_image(project.order(), image.id, base, project.places(), say)


def test_a_good_build_leaves_a_candidate_and_its_evidence(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = built(project, base, monkeypatch)
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


def test_an_image_of_the_same_inputs_is_adopted(project: Project, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    image = built(project, base, monkeypatch)
    said: list[str] = []

    def fail(results: Path) -> None:
        raise AssertionError("no machine is to run")

    play(monkeypatch, fail)
    assert build_image(project.order(), base, project.places(), said.append) == image
    assert said == [f"adopted {image.id}, built from the same inputs"]


def failed_build(project: Project, base: Base, monkeypatch: pytest.MonkeyPatch, machine: Machine) -> list[str]:
    play(monkeypatch, machine)
    with pytest.raises(BuildError) as failed:
        build_image(project.order(), base, project.places(), lambda text: None)
    assert Store(project.places().store).images() == []
    assert list((project.folder / "store" / "work").iterdir()) == []
    return str(failed.value).splitlines()


def test_a_build_that_is_judged_bad_leaves_its_evidence_and_no_image(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = project.order()

    def machine(results: Path) -> None:
        write_good_build(results, order)
        (results / "isolation.txt").unlink()

    lines = failed_build(project, base, monkeypatch, machine)
    assert lines[:2] == [
        "web: build: the host judges against it:",
        "isolation.txt: expected a proof of the isolation, got none",
    ]
    evidence = Path(lines[2].removeprefix("evidence: "))
    assert (evidence / "build" / "controls" / "alpha.exit").exists()
    assert (evidence / "console.log").read_text() == "booted\n"
    assert "the host judges against it" in (evidence / "error.txt").read_text()
    assert (evidence / "index.md").exists()


def test_a_machine_that_fails_is_told_with_the_place_where_its_console_is_kept(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    def machine(results: Path) -> None:
        raise MachineError(f"the guest's kernel panicked; console log: {results.parent / 'console.log'}")

    lines = failed_build(project, base, monkeypatch, machine)
    console = Path(lines[0].removeprefix("web: the guest's kernel panicked; console log: "))
    assert console.read_text() == "booted\n"
    assert lines[1] == f"evidence: {console.parent}"


def test_folders_in_the_place_of_results_fail_the_build_and_keep_its_evidence(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = project.order()

    def machine(results: Path) -> None:
        write_good_build(results, order)
        for name in ("isolation.txt", "timings.tsv", "inventory-before.tsv"):
            (results / name).unlink()
            (results / name).mkdir()

    lines = failed_build(project, base, monkeypatch, machine)
    assert lines[1] == "isolation.txt: expected a proof of the isolation, got none"


def test_a_candidate_that_the_store_cannot_take_is_one_clear_error(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = project.order()

    def refuse(store: Store, disk: Path, evidence: Path, **_: object) -> Image:
        for path in evidence.rglob("*"):
            if path.is_file():
                path.unlink()
        evidence.rename(evidence.with_name("moved"))
        raise StoreError("store: no room left on its file system")

    monkeypatch.setattr(Store, "add_candidate", refuse)
    lines = failed_build(project, base, monkeypatch, lambda results: write_good_build(results, order))
    assert lines[0] == "web: store: no room left on its file system"


def test_a_fit_candidate_is_accepted_with_the_evidence_of_both_machines(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = built(project, base, monkeypatch)
    order = project.order()
    play(monkeypatch, lambda results: write_good_acceptance(results, order))
    accepted = judged(project, image, base)
    assert (accepted.state, accepted.acceptance) == ("accepted", order.acceptance_fingerprint)
    assert (accepted.evidence / "acceptance" / "facts" / "machine-id").exists()
    assert (accepted.evidence / "build" / "isolation.txt").exists()
    assert "accepted" in (accepted.evidence / "index.md").read_text()


def test_what_was_accepted_is_not_judged_again(project: Project, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    image = built(project, base, monkeypatch)
    order = project.order()
    play(monkeypatch, lambda results: write_good_acceptance(results, order))
    judged(project, image, base)
    said: list[str] = []
    play(monkeypatch, lambda results: pytest.fail("no machine is to run"))
    assert judged(project, image, base, said).state == "accepted"
    assert said == [f"{image.id} was accepted before, by the same tests"]


def reject(project: Project, base: Base, monkeypatch: pytest.MonkeyPatch) -> Image:
    image = built(project, base, monkeypatch)
    order = project.order()

    def machine(results: Path) -> None:
        write_good_acceptance(results, order)
        write(results / "recipe" / "pages.sh.exit", "7\n")

    play(monkeypatch, machine)
    with pytest.raises(RejectedError) as rejected:
        judged(project, image, base)
    assert str(rejected.value) == (
        f"{image.id}: rejected:\nacceptance script pages.sh: exit code 7\nevidence: {image.evidence}"
    )
    return image


def test_an_unfit_candidate_is_kept_as_rejected_and_no_channel_takes_it(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = reject(project, base, monkeypatch)
    store = Store(project.places().store)
    assert store.image(image.id).state == "rejected"
    assert store.image(image.id).reason == "acceptance script pages.sh: exit code 7"
    with pytest.raises(StoreError, match="expected an accepted image"):
        store.move_channel("web", "stable", image.id)


def test_what_was_rejected_fails_at_once_until_it_is_retried(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = reject(project, base, monkeypatch)
    order = project.order()
    play(monkeypatch, lambda results: pytest.fail("no machine is to run"))
    with pytest.raises(RejectedError) as rejected:
        judged(project, image, base)
    assert str(rejected.value) == (
        f"{image.id}: was rejected: acceptance script pages.sh: exit code 7\nevidence: {image.evidence}\n"
        f"change the recipe, or judge it again with `hallmark retry {image.id}`"
    )
    Store(project.places().store).retry(image.id)
    play(monkeypatch, lambda results: write_good_acceptance(results, order))
    assert judged(project, image, base).state == "accepted"


def test_what_was_rejected_is_judged_by_other_tests(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = reject(project, base, monkeypatch)
    append(project.recipe_file.parent / "acceptance" / "pages.sh", "# better\n")
    order = project.order()
    play(monkeypatch, lambda results: write_good_acceptance(results, order))
    assert judged(project, image, base).state == "accepted"


@pytest.mark.parametrize("kind", [MachineError, ResultsError])
def test_a_candidate_that_does_not_end_well_is_rejected_naming_its_console(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch, kind: type[MachineError | ResultsError]
) -> None:
    image = built(project, base, monkeypatch)

    def machine(results: Path) -> None:
        raise kind(f"the guest's kernel panicked; console log: {results.parent / 'console.log'}")

    play(monkeypatch, machine)
    with pytest.raises(RejectedError) as rejected:
        judged(project, image, base)
    console = image.evidence / "acceptance-console.log"
    assert f"the guest's kernel panicked; console log: {console}" in str(rejected.value).splitlines()
    assert console.read_text() == "booted\n"


def test_trouble_of_the_host_is_no_judgement(project: Project, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    image = built(project, base, monkeypatch)
    order = project.order()

    def machine(results: Path) -> None:
        raise HostError(f"QEMU was ended by a signal; console log: {results.parent / 'console.log'}")

    play(monkeypatch, machine)
    with pytest.raises(HostError) as failed:
        judged(project, image, base)
    console = image.evidence / "acceptance-console.log"
    assert str(failed.value) == (
        f"{image.id}: QEMU was ended by a signal; console log: {console}; it was not judged, run again"
    )
    assert console.read_text() == "booted\n"
    assert Store(project.places().store).image(image.id).state == "candidate"
    play(monkeypatch, lambda results: write_good_acceptance(results, order))
    assert judged(project, image, base).state == "accepted"


def test_a_candidate_whose_disk_has_other_bytes_is_not_judged(
    project: Project, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = built(project, base, monkeypatch)
    image.disk.chmod(0o644)
    image.disk.write_text("DISK.qcow2"[: image.size])
    with pytest.raises(StoreError) as refused:
        judged(project, image, base)
    assert str(refused.value) == (
        f"{image.disk}: expected the bytes that the build made, got others; remove {image.folder}"
    )
