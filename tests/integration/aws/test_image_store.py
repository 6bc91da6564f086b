"""Build and acceptance on AWS: what the host judges, what it then keeps, and in which order."""

from __future__ import annotations

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
from hallmark.aws.tags import RELEASED, STATUS
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
from hallmark.common.fingerprint import hash_file
from hallmark.evidence.summary import Artefact, load_summary
from hallmark.order.order import Order
from hallmark.order.places import Places
from hallmark.pipeline.accept import accept_image
from hallmark.pipeline.build import build_image
from tests.support.aws.doubled_sequence import (
    aws,
    base,
    build,
    failures,
    kept,
    machines,
    name_of,
    number,
    numbers,
    order,
    ordered,
    places,
    project,
    silent,
    site,
)
from tests.support.examples import Project, append
from tests.support.good_results import isolation, write, write_good_acceptance
from tests.support.judges_reports import TOOLS, lynis, write_report
from tests.support.machines import FakeMachines, Guest

__all__ = ["aws", "base", "machines", "number", "order", "places", "project", "site"]


def accept(
    order: Order, ami: str, site: Site, places: Places, machines: FakeMachines, spoil: Guest = lambda _: None
) -> AmiImage:
    def guest(results: Path) -> None:
        write_good_acceptance(results, order)
        spoil(results)

    machines.guest = guest
    return accept_image(order, ami, machines, AwsImageStore(site), places, silent)


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
    summary = load_summary(evidence)
    assert summary is not None
    assert list(summary.made) == ["build", "acceptance"]
    assert summary.identity is not None
    assert summary.identity.artefact == Artefact(
        ami=candidate.ami, snapshot=candidate.snapshot, region=candidate.region
    )


def test_judges_are_carried_in_and_a_score_below_the_released_amis_is_told(
    project: Project, site: Site, places: Places, machines: FakeMachines, aws: Aws, tmp_path: Path
) -> None:
    tree = tmp_path / "tools.tar"
    tree.write_bytes(b"tools")
    tools = TOOLS.model_copy(update={"tree": tree, "sha256": hash_file(tree)})
    (project.scripts / "judges.sh").write_text("# judges\n")
    append(project.recipe_file, '\n[[judge]]\nname = "lynis"\nleast_score = 60\n')
    for index, before in ((70, None), (66, 70.0)):
        order = ordered(project, next(numbers), tools)
        assert order.acceptance_hashes["judges/tools.tar"] == tools.sha256
        root = build(order, site, places, machines)
        ami = register_image(
            aws, site.base, root, site.labels(order.recipe, "image", root.build, order.fingerprint)
        ).ami

        def judge(results: Path, order: Order = order, index: int = index) -> None:
            write_report(results, order.judges[0], lynis(index, passed=("SSH-7408",)), carried=tools.sha256)

        accept(order, ami, site, places, machines, judge)
        summary = load_summary(kept(site, order))
        assert summary is not None
        assert [(each.score, each.before) for each in summary.judges] == [(index, before)]
        aws.ec2.create_tags(Resources=[ami], Tags=[{"Key": STATUS, "Value": RELEASED}])


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
        f"{candidate.id}: {candidate.ami} was rejected\n"
        f"change the recipe, or judge it again with `hallmark retry {candidate.ami} --stack aws`\n"
        f"evidence: {kept(site, order)}"
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
    other = ordered(project, next(numbers))
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
