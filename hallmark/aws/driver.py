"""The steps that need a machine on AWS: inventory of an AMI, build, acceptance. The host's judgement is the local one.

What a killed run, or an earlier recipe, has made is found by its fingerprint and taken up (aws_images.py). Evidence is
kept before the snapshot or the mark that it vouches for, so there is never one without the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hallmark.aws.ebs.snapshots import wait_until_completed
from hallmark.aws.evidence import RUN, open_evidence
from hallmark.aws.images import AmiImage, Root, find_root, get_image, set_verdict, snapshot_root
from hallmark.aws.run import Job, check_site, isolated_run
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
)
from hallmark.common.fingerprint import Sha256
from hallmark.common.iso import make_media
from hallmark.debian.inventory import parse_status
from hallmark.evidence.index import Summary
from hallmark.guest.user_data import RESULTS, Errand, check_finished
from hallmark.judge.judgement import Verdict
from hallmark.judge.observed import surprises
from hallmark.local.machine import Run
from hallmark.order.order import BOOTSTRAP, INVENTORY_SCRIPTS, Order, Surroundings, script_paths, surroundings_file
from hallmark.order.places import Places
from hallmark.pipeline.acceptance import add_evidence, cloud_config, judge_acceptance, make_acceptance_media
from hallmark.pipeline.build import (
    CLOUD_CONFIG,
    gather_evidence,
    judge_build,
    keep_evidence_of,
    keep_failure,
    make_patch_media,
)
from hallmark.store.image import image_id
from hallmark.store.store import Store

Say = Callable[[str], None]
_INVENTORY_MINUTES = 15
_NETWORK_PROOF = "isolation-network.txt"
_SURROUNDINGS: Surroundings = "imds"


def take_inventory(site: Site, scripts: Path, places: Places, say: Say) -> str:
    """The dpkg status of the site's base, from an isolated boot of it.

    Raises BuildError, naming the evidence, when the guest fails or the host's judgement is against it.
    """
    check_site(site)
    store, name = Store(places.store), site.base.id
    with store.workdir(f"inventory-{name}") as work:
        try:
            return _take_inventory(site, scripts, places, work, say)
        except HallmarkError as error:
            summary = Summary(title=f"inventory of {name}", outcome=f"failed: {error}")
            raise keep_evidence_of(store, name, work, error, lambda _: summary) from error


def _take_inventory(site: Site, scripts: Path, places: Places, work: Path, say: Say) -> str:
    name = site.base.id
    media = work / "inventory.iso"
    files: dict[str, Path | bytes] = {
        **script_paths(scripts, INVENTORY_SCRIPTS, (), ()),
        "plan/build.env": surroundings_file(_SURROUNDINGS),
    }
    manifest = make_media(media, files, label="HALLMARK", epoch=0)
    errand = Errand(
        mode="inventory",
        manifest=manifest,
        bootstrap=scripts / BOOTSTRAP,
        cloud_config=CLOUD_CONFIG,
        deadline_minutes=_INVENTORY_MINUTES,
    )
    job = Job(name=name, fingerprint=site.base_fingerprint, ami=name, media=media, errand=errand)
    (work / "evidence").mkdir()
    with isolated_run(site, job, places, work, say) as ran:
        (work / "evidence" / _NETWORK_PROOF).write_text(ran.network_proof)
        check_finished(work / RESULTS, work / "console.log", what="inventory")
        status, problems = _read_status(work / RESULTS / "status")
        problems += surprises(work / RESULTS, "isolation.txt", _SURROUNDINGS)
    if problems:
        raise BuildError("inventory: the host judges against it:\n" + "\n".join(problems[:20]))
    return status


def _read_status(path: Path) -> tuple[str, list[str]]:
    """What the guest says its dpkg database is, and what is wrong with it."""
    status = path.read_text(errors="replace") if path.is_file() else ""
    try:
        packages = parse_status(status).packages
    except KeyError as error:
        return status, [f"status: expected a dpkg database, got a package without {error}"]
    return status, [] if packages else ["status: expected a dpkg database, got no package"]


def build_root(order: Order, site: Site, places: Places, say: Say) -> Root:
    """Build an order's root snapshot, completed, or take up the one that an earlier run made of the same inputs.

    Raises BuildError, naming the evidence, when the guest fails or the host's judgement is against it.
    """
    aws, store = Aws(site.aws), Store(places.store)
    name = image_id(order.recipe, order.fingerprint)
    run = open_evidence(site.evidence, aws).run_of(name)
    root = find_root(aws, order.recipe, order.fingerprint, run) if run else None
    if root is not None:
        say(f"adopted {root.snapshot}, built from the same inputs")
    else:
        check_site(site)  # what is wrong with the account is no failed build
        media, manifest = make_patch_media(order, places, say)
        with store.workdir(f"build-{name}") as work:
            try:
                root = _build(order, site, media, manifest, places, work, say)
            except HallmarkError as error:
                raise keep_failure(store, order, work, error) from error
    wait_until_completed(aws.ec2, root.snapshot, report=lambda progress: say(f"build: snapshot at {progress}"))
    return root.model_copy(update={"completed": True})


def accept_ami(order: Order, ami: str, site: Site, places: Places, say: Say) -> AmiImage:
    """Judge a candidate; returns the accepted image. RejectedError, naming the evidence, when it is not fit."""
    aws = Aws(site.aws)
    image, evidence = get_image(aws, ami), open_evidence(site.evidence, aws)
    where = evidence.where(image.id)
    if image.fingerprint != order.fingerprint:
        raise AwsError(f"{ami}: expected the image of {order.fingerprint[:16]}, its tag says {image.fingerprint[:16]}")
    if evidence.run_of(image.id) not in (None, image.build):
        raise AwsError(f"{where}: expected the evidence of {image.build}, which made {ami}, it is another run's")
    if image.acceptance == order.acceptance_fingerprint:
        if image.state == "accepted":
            say(f"{ami} was accepted before, by the same tests")
            return image
        if image.state == "rejected":
            raise RejectedError(
                f"{image.id}: {ami} was rejected\nevidence: {where}\n"
                f"change the recipe, or judge it again with `hallmark retry {ami} --stack {site.stack}`"
            )
    with Store(places.store).workdir(f"accept-{image.id}") as work:
        folder = work / "evidence"
        evidence.fetch(image.id, folder)
        problems, verdict = _judge_in_machine(order, image, site, places, work, say)
        add_evidence(order, folder, work, problems, verdict)
        evidence.publish(image.id, folder)
    set_verdict(aws, ami, "rejected" if problems else "accepted", order.acceptance_fingerprint)
    if problems:
        raise RejectedError(f"{image.id}: {ami} rejected:\n" + "\n".join(problems[:20]) + f"\nevidence: {where}")
    return get_image(aws, ami)


def _build(order: Order, site: Site, media: Path, manifest: Sha256, places: Places, work: Path, say: Say) -> Root:
    """One build, its evidence kept; then, and only then, the root snapshot is started."""
    aws, folder = Aws(site.aws), work / "evidence"
    folder.mkdir()
    job = _job(order, site.base.id, media, manifest)
    with isolated_run(site, job, places, work, say) as ran:
        (folder / RUN).write_text(f"{ran.labels.build}\n")
        (folder / _NETWORK_PROOF).write_text(ran.network_proof)
        check_finished(work / RESULTS, work / "console.log", what="build")
        verdict, problems = judge_build(order, work / RESULTS)
        if problems:
            raise BuildError("build: the host judges against it:\n" + "\n".join(problems[:20]))
        gather_evidence(order, work, Run(seconds=0, console=work / "console.log"), "candidate", verdict)
        open_evidence(site.evidence, aws).publish(image_id(order.recipe, order.fingerprint), folder)
        say("build: taking the snapshot of the root volume")
        labels = site.labels(order.recipe, "image", ran.labels.build, order.fingerprint)
        return snapshot_root(aws, ran.root_volume, labels)


def _judge_in_machine(
    order: Order, image: AmiImage, site: Site, places: Places, work: Path, say: Say
) -> tuple[list[str], Verdict | None]:
    media = make_acceptance_media(order, work)
    job = _job(order, image.ami, media, order.acceptance_manifest, accept=True)
    try:
        with isolated_run(site, job, places, work, say) as ran:
            (work / "evidence" / f"acceptance-{_NETWORK_PROOF}").write_text(ran.network_proof)
            check_finished(work / RESULTS, work / "console.log", what="acceptance")
            return judge_acceptance(order, work / RESULTS, work / "evidence")
    except HostError as error:
        raise HostError(f"{image.id}: {error}; it was not judged, run again") from error
    except (MachineError, ResultsError) as error:
        return [str(error).replace(str(work / "console.log"), "acceptance-console.log")], None


def _job(order: Order, ami: str, media: Path, manifest: Sha256, *, accept: bool = False) -> Job:
    errand = Errand(
        mode="accept" if accept else "build",
        manifest=manifest,
        bootstrap=order.bootstrap_file(),
        cloud_config=cloud_config(order) if accept else CLOUD_CONFIG,
        deadline_minutes=order.deadline_minutes,
    )
    fingerprint = order.acceptance_fingerprint if accept else order.fingerprint
    return Job(name=order.recipe, fingerprint=fingerprint, ami=ami, media=media, errand=errand)
