"""Inventory, build and acceptance on AWS: what the host judges, what it then keeps, and in which order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hallmark.aws import image_store
from hallmark.aws.evidence import open_evidence
from hallmark.aws.image_store import AwsImageStore
from hallmark.aws.images import AmiImage, Root, get_image, register_image, retry_image
from hallmark.aws.inventory import take_inventory
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.common.errors import (
    AwsError,
    BuildError,
    HallmarkError,
    HostError,
    MachineError,
    RejectedError,
    ResultsError,
    StoreError,
)
from hallmark.order.order import Order, make_order, make_plan
from hallmark.order.places import Places
from hallmark.pipeline import build as build_module
from hallmark.pipeline.accept import accept_image
from hallmark.pipeline.build import build_image
from hallmark.store.image import image_id
from hallmark.store.store import Store
from tests.support.aws.strict import base_ami, site_in, strict_account, volume
from tests.support.examples import BASE, INVENTORY, LOCK, TODAY, Project, append
from tests.support.good_results import isolation, write, write_good_acceptance, write_good_build
from tests.support.machines import FakeMachines, Guest

STATUS = "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 13.8\n"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with strict_account() as aws:
        yield aws


@pytest.fixture(scope="module")
def base(aws: Aws) -> str:
    return base_ami(aws)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    (project.scripts / "inventory.sh").write_text("# inventory.sh\n")
    return project


@pytest.fixture
def places(project: Project) -> Places:
    return project.places()


@pytest.fixture
def site(aws: Aws, base: str, tmp_path: Path) -> Site:
    return site_in(aws, tmp_path / "evidence", base=base)


@pytest.fixture
def machines(aws: Aws, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMachines:
    monkeypatch.setattr(image_store, "Aws", lambda _: aws)  # each costs a second
    monkeypatch.setattr(build_module, "make_patch_media", lambda order, *_: (tmp_path / "iso", order.build_manifest))
    return FakeMachines(
        base=base,
        disk=lambda _: volume(aws),
        run_id=lambda: f"run-{next(_numbers)}",
        network_proof="sealed\n",
    )


def ordered(project: Project, number: int) -> Order:
    """The order of the project as it is now; each number is an image of its own."""
    hardware = {"instance_type": "t3.medium", "test": str(number)}
    return make_order(
        project.recipe,
        make_plan(project.recipe, project.scripts, TODAY, "imds"),
        scripts=project.scripts,
        base=BASE,
        inventory=INVENTORY,
        lock=LOCK,
        expected_network="imds",
        hardware=hardware,
    )


@pytest.fixture
def number() -> int:
    return next(_numbers)


@pytest.fixture
def order(project: Project, number: int) -> Order:
    return ordered(project, number)


def silent(_: str) -> None:
    pass


def build(order: Order, site: Site, places: Places, machines: FakeMachines, spoil: Guest = lambda _: None) -> Root:
    def guest(results: Path) -> None:
        write_good_build(results, order)
        spoil(results)

    machines.guest = guest
    return build_image(order, machines, AwsImageStore(site), places, silent)


def accept(
    order: Order, ami: str, site: Site, places: Places, machines: FakeMachines, spoil: Guest = lambda _: None
) -> AmiImage:
    def guest(results: Path) -> None:
        write_good_acceptance(results, order)
        spoil(results)

    machines.guest = guest
    return accept_image(order, ami, machines, AwsImageStore(site), places, silent)


def name_of(order: Order) -> str:
    return image_id(order.recipe, order.fingerprint)


def kept(site: Site, order: Order) -> Path:
    return Path(site.evidence) / name_of(order)


def failures(places: Places, name: str) -> list[Path]:
    return [folder / "evidence" for folder in Store(places.store).failures(name)]


def roots(aws: Aws, order: Order) -> list[str]:
    ours: Any = [{"Name": "tag:hallmark:fingerprint", "Values": [order.fingerprint]}]
    return [row["SnapshotId"] for row in aws.ec2.describe_snapshots(Filters=ours)["Snapshots"]]


@contextmanager
def before(aws: Aws, operation: str, look: Callable[[], object]) -> Iterator[list[object]]:
    """What `look` says at each such call."""
    seen: list[object] = []

    def keep(**_: Any) -> None:
        seen.append(look())

    aws.ec2.meta.events.register(f"before-call.ec2.{operation}", keep)
    try:
        yield seen
    finally:
        aws.ec2.meta.events.unregister(f"before-call.ec2.{operation}", keep)


# Inventory


def found(status: str = STATUS, proof: str = isolation("imds"), code: str = "0") -> Guest:
    def guest(results: Path) -> None:
        write(results / "exit", f"{code}\n")
        write(results / "stage", "done\n" if code == "0" else "inventory\n")
        write(results / "isolation.txt", proof)
        write(results / "status", status)

    return guest


def test_an_inventory_is_the_bases_own_dpkg_database(
    site: Site, project: Project, places: Places, machines: FakeMachines
) -> None:
    machines.guest = found()
    assert take_inventory(site, project.scripts, machines, places, silent) == STATUS
    (run,) = machines.runs
    assert (run.boots, run.name, run.task.mode) == (site.base.id, site.base.id, "inventory")
    assert not list((places.store / "work").iterdir())


def test_an_ami_that_was_looked_into_is_not_booted_again_though_the_state_was_lost(
    site: Site, project: Project, places: Places, machines: FakeMachines
) -> None:
    """A new runner has the place of the evidence alone."""
    machines.guest = found()
    take_inventory(site, project.scripts, machines, places, silent)
    machines.guest = found(code="1")
    said: list[str] = []
    elsewhere = places.model_copy(update={"store": places.store / "of-another-runner"})
    elsewhere.store.mkdir()
    assert take_inventory(site, project.scripts, machines, elsewhere, said.append) == STATUS
    assert len(machines.runs) == 1
    assert said[0].startswith(f"inventory: {site.base.id} was looked into before: {site.evidence}/inventory-")
    kept = Path(site.evidence) / f"inventory-{site.base.id}"
    (kept / "status").write_text("damaged\n")
    machines.guest = found()
    assert take_inventory(site, project.scripts, machines, elsewhere, silent) == STATUS
    assert len(machines.runs) == 2


@pytest.mark.parametrize(
    ("guest", "message"),
    [
        (found(proof="SURPRISE: a name was resolved\n"), "isolation.txt: SURPRISE: a name was resolved"),
        (found(proof=isolation("none")), 'isolation.txt: expected a whole proof, from "expected: imds" to'),
        (found(proof=""), "isolation.txt: expected a proof of the isolation, got none"),
        (found(status=""), "status: expected a dpkg database, got no package"),
        (found(status="Status: install ok installed\n"), "status: expected a dpkg database, got a package without "),
        (lambda results: (found()(results), (results / "status").unlink())[0], "status: expected a dpkg database"),
        (found(code="1"), "inventory: stage inventory: exit code 1"),
    ],
)
def test_an_inventory_that_cannot_be_trusted_ends_it_and_its_evidence_is_kept(
    site: Site, project: Project, places: Places, machines: FakeMachines, guest: Guest, message: str
) -> None:
    machines.guest = guest
    with pytest.raises(BuildError) as error:
        take_inventory(site, project.scripts, machines, places, silent)
    (evidence,) = failures(places, site.base.id)
    assert str(error.value).startswith(f"{site.base.id}: inventory: ")
    assert message in str(error.value)
    assert str(error.value).endswith(f"\nevidence: {evidence}")
    assert (evidence / "isolation-network.txt").read_text() == "sealed\n"
    assert (evidence / "build" / "exit").exists()
    assert message in (evidence / "error.txt").read_text()
    assert (evidence / "console.log").read_text() == "last words\n"


# Build


def test_a_good_build_leaves_its_evidence_and_then_a_completed_snapshot_that_it_vouches_for(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws
) -> None:
    place = open_evidence(site.evidence, aws)
    with before(aws, "CreateSnapshot", lambda: place.run_of(name_of(order))) as seen:
        root = build(order, site, places, machines)
    assert (seen, root.completed) == ([root.build], True)
    assert roots(aws, order) == [root.snapshot]
    names = {str(path.relative_to(kept(site, order))) for path in kept(site, order).rglob("*") if path.is_file()}
    assert names >= {
        "index.md",
        "run.txt",
        "isolation-network.txt",
        "build/isolation.txt",
        "build/controls/alpha.exit",
        "build-console.log",
        "patch-lock.json",
        "recipe.toml",
        "order.json",
    }
    assert not list((places.store / "work").iterdir())


def test_the_machine_boots_the_base_with_the_patch_media(
    order: Order, site: Site, places: Places, machines: FakeMachines, tmp_path: Path
) -> None:
    build(order, site, places, machines)
    (run,) = machines.runs
    assert (run.boots, run.name, run.fingerprint) == (site.base.id, "web", order.fingerprint)
    assert (run.media, run.task.manifest) == (tmp_path / "iso", order.build_manifest)
    assert run.task.image == f"{order.recipe}-{order.fingerprint[:16]}"
    assert (run.task.mode, run.task.cloud_config["users"]) == ("build", [])


def put(name: str, text: str) -> Guest:
    return lambda results: write(results / name, text)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (put("controls/beta.exit", "1\n"), "controls: "),
        (put("isolation.txt", "SURPRISE: connected to 192.0.2.1/443\n"), "SURPRISE: connected to 192.0.2.1/443"),
        (
            put("isolation-after.txt", isolation("none")),
            'isolation-after.txt: expected a whole proof, from "expected: im',
        ),
        (put("inventory-after.tsv", "netcat\t1\tamd64\n"), "after: netcat 1 is in neither base nor lock"),
        (put("exit", "3\n"), "build: stage done: exit code 3"),
        (put("stage", "patch\n"), "build: stage patch: exit code 0"),
    ],
)
def test_without_a_good_judgement_there_is_no_snapshot_and_the_failures_evidence_is_kept(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws, spoil: Guest, message: str
) -> None:
    with pytest.raises(BuildError) as error:
        build(order, site, places, machines, spoil)
    (evidence,) = failures(places, "web")
    assert str(error.value).startswith("web: build: ")
    assert message in str(error.value)
    assert str(error.value).endswith(f"\nevidence: {evidence}")
    assert roots(aws, order) == []
    assert not kept(site, order).exists()
    assert (evidence / "isolation-network.txt").read_text() == "sealed\n"
    assert {path.name for path in evidence.iterdir()} >= {"index.md", "error.txt", "console.log", "build", "run.txt"}


@pytest.mark.parametrize(
    "ended",
    [
        HostError("build: AWS stopped the machine, its host failed"),
        MachineError("build: the guest did not power off within 20 min"),
        ResultsError("results.raw: the guest wrote nothing"),
        AwsError("dry run of t3.medium: the quota of vCPUs of running instances in eu-central-1 is reached"),
    ],
)
def test_a_machine_that_came_to_no_good_end_is_one_error_and_the_next_run_builds(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws, ended: HallmarkError
) -> None:
    machines.error = ended
    with pytest.raises(BuildError) as error:
        build(order, site, places, machines)
    (evidence,) = failures(places, "web")
    assert str(error.value) == f"web: {ended}\nevidence: {evidence}"
    assert (evidence / "console.log").read_text() == "last words\n"
    assert roots(aws, order) == []
    machines.error = None
    assert roots(aws, order) == [] != [build(order, site, places, machines).snapshot]


def test_an_account_that_is_not_fit_is_no_failed_build(
    order: Order, site: Site, places: Places, machines: FakeMachines
) -> None:
    machines.unfit = AwsError("quota of VPCs: eu-central-1 allows 5 and has 5")
    with pytest.raises(AwsError, match=r"^quota of VPCs: eu-central-1 allows 5 and has 5$"):
        build(order, site, places, machines)
    with pytest.raises(AwsError, match=r"^quota of VPCs"):
        take_inventory(site, places.store, machines, places, silent)
    assert failures(places, "web") == failures(places, site.base.id) == []
    assert machines.runs == []


def test_what_was_built_of_the_same_inputs_is_taken_up(
    order: Order, site: Site, places: Places, machines: FakeMachines, tmp_path: Path
) -> None:
    root = build(order, site, places, machines)
    said: list[str] = []
    renamed = site.model_copy(update={"stack": "renamed"})
    assert build_image(order, machines, AwsImageStore(renamed), places, said.append) == root
    assert said == [f"adopted {root.snapshot}, built from the same inputs"]
    assert len(machines.runs) == 1


def test_a_build_whose_evidence_is_gone_is_built_again(
    order: Order, site: Site, places: Places, machines: FakeMachines
) -> None:
    root = build(order, site, places, machines)
    (kept(site, order) / "index.md").unlink()
    again = build(order, site, places, machines)
    assert again.snapshot != root.snapshot
    assert len(machines.runs) == 2
    assert (kept(site, order) / "run.txt").read_text().strip() == again.build


def test_another_pipelines_snapshot_of_the_same_inputs_is_not_what_our_evidence_vouches_for(
    order: Order, site: Site, places: Places, machines: FakeMachines, tmp_path: Path
) -> None:
    theirs = site.model_copy(update={"stack": "theirs", "evidence": str(tmp_path / "theirs")})
    ours = build(order, site, places, machines)
    newer = build(order, theirs, places, machines)
    assert newer.snapshot != ours.snapshot
    assert build_image(order, machines, AwsImageStore(site), places, silent) == ours
    assert build_image(order, machines, AwsImageStore(theirs), places, silent) == newer


def test_evidence_that_cannot_be_kept_ends_a_build_before_its_snapshot(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws
) -> None:
    def take_its_place(_: Path) -> None:
        Path(site.evidence).rmdir()
        Path(site.evidence).touch()

    with pytest.raises(BuildError, match=rf"^web: {site.evidence}: expected a folder for evidence: File exists; mend"):
        build(order, site, places, machines, take_its_place)
    assert roots(aws, order) == []


def test_a_folder_that_is_none_is_told_before_anything_is_made(
    order: Order, site: Site, places: Places, machines: FakeMachines
) -> None:
    Path(site.evidence).touch()
    with pytest.raises(StoreError) as error:
        build(order, site, places, machines)
    assert str(error.value) == (
        f"{site.evidence}: expected a folder for evidence: File exists; mend hallmark:evidence, or make room for it"
    )
    assert machines.runs == []


def test_a_bucket_that_is_not_there_is_told_before_anything_is_made(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws
) -> None:
    with pytest.raises(AwsError, match=r"^s3://nosuch/web-.*NoSuchBucket"):
        build(order, site.model_copy(update={"evidence": "s3://nosuch"}), places, machines)
    assert (machines.runs, roots(aws, order)) == ([], [])


def test_a_run_that_ended_between_evidence_and_snapshot_builds_again(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> Root:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(image_store, "snapshot_root", dies)
        with pytest.raises(KeyboardInterrupt):
            build(order, site, places, machines)
    assert (kept(site, order) / "index.md").exists()
    root = build(order, site, places, machines)
    assert len(machines.runs) == 2
    assert (kept(site, order) / "run.txt").read_text().strip() == root.build


# Acceptance


@pytest.fixture
def candidate(order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws) -> AmiImage:
    """A built, registered candidate; the machines that made it are forgotten."""
    root = build(order, site, places, machines)
    machines.runs.clear()
    labels = site.labels(order.recipe, "image", root.build, order.fingerprint)
    return register_image(aws, site.base, root, labels)


FAILS = put("recipe/pages.sh.exit", "1\n")


def reject(order: Order, ami: str, site: Site, places: Places, machines: FakeMachines, spoil: Guest = FAILS) -> str:
    with pytest.raises(RejectedError) as error:
        accept(order, ami, site, places, machines, spoil)
    return str(error.value)


def test_a_candidate_that_is_fit_is_marked_accepted_after_its_evidence_says_so(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws, candidate: AmiImage
) -> None:
    index = kept(site, order) / "index.md"
    with before(aws, "CreateTags", lambda: "accepted" in index.read_text()) as seen:
        image = accept(order, candidate.ami, site, places, machines)
    assert seen == [True]
    assert (image.state, image.acceptance, image.ami) == (
        "accepted",
        order.acceptance_fingerprint,
        candidate.ami,
    )
    evidence = kept(site, order)
    assert (evidence / "acceptance" / "facts" / "kernel").exists()
    assert (evidence / "build" / "isolation.txt").exists()
    assert (evidence / "acceptance-isolation-network.txt").read_text() == "sealed\n"
    assert (evidence / "acceptance-console.log").read_text() == "last words\n"
    assert open_evidence(site.evidence, aws).run_of(candidate.id) == candidate.build


def test_the_second_machine_boots_the_candidate_with_its_administrators(
    order: Order, site: Site, places: Places, machines: FakeMachines, candidate: AmiImage
) -> None:
    accept(order, candidate.ami, site, places, machines)
    (run,) = machines.runs
    assert (run.boots, run.fingerprint) == (candidate.ami, order.acceptance_fingerprint)
    assert (run.task.mode, run.task.manifest) == ("accept", order.acceptance_manifest)
    assert [user["name"] for user in run.task.cloud_config["users"]] == ["jdoe"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (FAILS, "acceptance script pages.sh: exit code 1"),
        (put("facts/system-state", "degraded\n"), "second boot: expected the system to be running, it is degraded"),
        (put("isolation.txt", isolation("none")), 'isolation.txt: expected a whole proof, from "expected: imds" to'),
        (put("exit", "1\n"), "acceptance: stage done: exit code 1"),
    ],
)
def test_a_candidate_that_is_not_fit_is_marked_rejected_and_kept_with_its_evidence(
    order: Order,
    site: Site,
    places: Places,
    machines: FakeMachines,
    aws: Aws,
    candidate: AmiImage,
    spoil: Guest,
    message: str,
) -> None:
    index = kept(site, order) / "index.md"
    with before(aws, "CreateTags", lambda: "rejected: " in index.read_text()) as seen:
        text = reject(order, candidate.ami, site, places, machines, spoil)
    assert seen == [True]
    assert text.startswith(f"{candidate.id}: {candidate.ami} rejected:\n")
    assert message in text
    assert text.endswith(f"\nevidence: {kept(site, order)}")
    image = get_image(aws, candidate.ami)
    assert (image.state, image.acceptance) == ("rejected", order.acceptance_fingerprint)
    assert (kept(site, order) / "acceptance-isolation-network.txt").exists()


@pytest.mark.parametrize("ended", [MachineError, ResultsError])
def test_a_guest_that_hung_or_wrote_rubbish_is_not_fit_and_its_console_is_kept(
    order: Order,
    site: Site,
    places: Places,
    machines: FakeMachines,
    aws: Aws,
    candidate: AmiImage,
    ended: type[HallmarkError],
) -> None:
    machines.error = ended("accept: no good")
    assert "\naccept: no good\n" in reject(order, candidate.ami, site, places, machines)
    assert (kept(site, order) / "acceptance-console.log").read_text() == "last words\n"
    assert get_image(aws, candidate.ami).state == "rejected"


def test_what_was_accepted_is_not_judged_again_by_the_same_tests(
    order: Order, site: Site, places: Places, machines: FakeMachines, candidate: AmiImage
) -> None:
    image = accept(order, candidate.ami, site, places, machines)
    said: list[str] = []
    assert accept_image(order, candidate.ami, machines, AwsImageStore(site), places, said.append) == image
    assert said == [f"{candidate.ami} was accepted before, by the same tests"]
    assert len(machines.runs) == 1


def test_what_was_rejected_fails_at_once_and_names_its_evidence_and_what_to_do(
    order: Order, site: Site, places: Places, machines: FakeMachines, candidate: AmiImage
) -> None:
    reject(order, candidate.ami, site, places, machines)
    assert reject(order, candidate.ami, site, places, machines) == (
        f"{candidate.id}: {candidate.ami} was rejected\nevidence: {kept(site, order)}\n"
        f"change the recipe, or judge it again with `hallmark retry {candidate.ami} --stack aws`"
    )
    assert len(machines.runs) == 1


def test_after_a_retry_it_is_judged_again(
    order: Order, site: Site, places: Places, machines: FakeMachines, aws: Aws, candidate: AmiImage
) -> None:
    reject(order, candidate.ami, site, places, machines)
    retry_image(aws, candidate.ami)
    assert accept(order, candidate.ami, site, places, machines).state == "accepted"
    assert not (kept(site, order) / "acceptance" / "recipe" / "pages.sh.exit").read_text().startswith("1")


def test_other_tests_judge_it_again(
    order: Order, site: Site, places: Places, machines: FakeMachines, candidate: AmiImage, project: Project, number: int
) -> None:
    accept(order, candidate.ami, site, places, machines)
    append(project.recipe_file.parent / "acceptance" / "pages.sh", "# and more\n")
    stricter = ordered(project, number)
    assert stricter.fingerprint == order.fingerprint
    image = accept(stricter, candidate.ami, site, places, machines)
    assert (image.state, image.acceptance) == ("accepted", stricter.acceptance_fingerprint)
    assert len(machines.runs) == 2


@pytest.mark.parametrize("ended", [HostError("accept: its host failed"), AwsError("quota of VPCs: reached")])
def test_trouble_that_is_not_the_guests_is_no_judgement(
    order: Order,
    site: Site,
    places: Places,
    machines: FakeMachines,
    aws: Aws,
    candidate: AmiImage,
    ended: HallmarkError,
) -> None:
    machines.error = ended
    with pytest.raises(type(ended)) as error:
        accept(order, candidate.ami, site, places, machines)
    if isinstance(ended, HostError):
        assert str(error.value) == f"{candidate.id}: accept: its host failed; it was not judged, run again"
    assert (get_image(aws, candidate.ami).state, get_image(aws, candidate.ami).acceptance) == ("candidate", None)
    assert not (kept(site, order) / "acceptance-console.log").exists()
    machines.error = None
    assert accept(order, candidate.ami, site, places, machines).state == "accepted"


def test_evidence_that_cannot_be_kept_means_no_verdict(
    order: Order,
    site: Site,
    places: Places,
    machines: FakeMachines,
    aws: Aws,
    candidate: AmiImage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(*_: object) -> None:
        raise AwsError("s3://proofs: not allowed")

    place = open_evidence(site.evidence, aws)
    monkeypatch.setattr(place, "publish", refuses)
    monkeypatch.setattr(image_store, "open_evidence", lambda *_: place)
    with pytest.raises(AwsError, match="not allowed"):
        accept(order, candidate.ami, site, places, machines)
    assert get_image(aws, candidate.ami).state == "candidate"


def test_an_image_of_other_inputs_is_refused(
    project: Project, site: Site, places: Places, machines: FakeMachines, candidate: AmiImage
) -> None:
    other = ordered(project, next(_numbers))
    with pytest.raises(AwsError) as error:
        accept(other, candidate.ami, site, places, machines)
    assert str(error.value) == (
        f"{candidate.ami}: expected the image of {other.fingerprint[:16]}, its tag says {candidate.fingerprint[:16]}"
    )
    assert machines.runs == []


def test_an_image_that_is_not_ours_is_refused(
    order: Order, base: str, site: Site, places: Places, machines: FakeMachines
) -> None:
    with pytest.raises(AwsError, match=f"^{base}: expected an image of Hallmark's"):
        accept(order, base, site, places, machines)


def test_an_image_whose_evidence_is_another_runs_is_not_judged(
    order: Order, site: Site, places: Places, machines: FakeMachines, candidate: AmiImage
) -> None:
    (kept(site, order) / "run.txt").write_text("run-of-another\n")
    with pytest.raises(AwsError) as error:
        accept(order, candidate.ami, site, places, machines)
    assert str(error.value) == (
        f"{kept(site, order)}: expected the evidence of {candidate.build}, which made {candidate.ami}, "
        "it is another run's"
    )
    assert machines.runs == []


def test_an_image_without_evidence_is_not_judged(
    order: Order, site: Site, places: Places, machines: FakeMachines, candidate: AmiImage
) -> None:
    (kept(site, order) / "index.md").unlink()
    with pytest.raises(HallmarkError, match=f"expected the evidence of {candidate.id}, it is not there; bring it back"):
        accept(order, candidate.ami, site, places, machines)
    assert machines.runs == []
