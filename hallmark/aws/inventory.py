"""The inventory of an AMI: its own dpkg database, from an isolated boot of it. The host judges that boot like any."""

from __future__ import annotations

from pathlib import Path

from hallmark.aws.evidence import RUN, EvidencePlace, open_evidence
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.common.errors import BuildError, HallmarkError
from hallmark.common.iso import make_media
from hallmark.config.recipe import MachineShape
from hallmark.debian.inventory import parse_status
from hallmark.evidence.gather import keep_evidence_of
from hallmark.evidence.index import write_index
from hallmark.evidence.summary import Summary
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished
from hallmark.guest.user_data import BUILD_CLOUD_CONFIG
from hallmark.order.order import BOOTSTRAP, INVENTORY_SCRIPTS, ExpectedNetwork, expected_network_file, script_paths
from hallmark.order.places import Places
from hallmark.pipeline.build import NETWORK_PROOF
from hallmark.pipeline.machines import MachineRun, Machines, Say
from hallmark.store.store import Store
from hallmark.verdict.observed import surprises

_MINUTES = 15
_STATUS = "status"
_EXPECTED_NETWORK: ExpectedNetwork = "imds"


def take_inventory(site: Site, scripts: Path, machines: Machines, places: Places, say: Say) -> str:
    """The dpkg status of the site's base, from an isolated boot of it, once for each AMI.

    It is kept beside the evidence of the images, so that a state that was lost costs no boot; a build compares it with
    what its guest finds. Raises BuildError, naming the evidence, when the guest fails or the host's judgement is
    against it, and StoreError or AwsError when the place of the evidence is not there.
    """
    store, name = Store(places.store), site.base.id
    kept = open_evidence(site.evidence, Aws(site.aws))
    with store.workdir(f"inventory-{name}") as work:
        if (known := _kept_inventory(kept, site, work)) is not None:
            say(f"inventory: {name} was looked into before: {kept.where(_kept_as(site))}")
            return known
        machines.check("inventory")
        try:
            status = _take_inventory(site, scripts, machines, work, say)
        except HallmarkError as error:
            summary = Summary(title=f"inventory of {name}", outcome="failed", problems=tuple(str(error).splitlines()))
            raise keep_evidence_of(store, name, work, error, lambda _: summary) from error
        _keep(kept, site, status, work)
        return status


def _kept_as(site: Site) -> str:
    return f"inventory-{site.base.id}"


def _kept_inventory(place: EvidencePlace, site: Site, work: Path) -> str | None:
    """What an earlier run found in this AMI; None when none is kept whole."""
    if place.run_of(_kept_as(site)) != site.base_fingerprint:
        return None
    place.fetch(_kept_as(site), work / "kept")
    status, problems = _read_status(work / "kept" / _STATUS)
    return None if problems else status


def _keep(place: EvidencePlace, site: Site, status: str, work: Path) -> None:
    folder = work / "evidence"
    (folder / _STATUS).write_text(status)
    (folder / RUN).write_text(f"{site.base_fingerprint}\n")
    write_index(folder, Summary(title=f"inventory of {site.base.id}", outcome="taken"))
    place.publish(_kept_as(site), folder)


def _take_inventory(site: Site, scripts: Path, machines: Machines, work: Path, say: Say) -> str:
    evidence = work / "evidence"
    evidence.mkdir()
    with machines.run(_run(site, scripts, work), work, say) as outputs:
        (evidence / NETWORK_PROOF).write_text(outputs.network_proof or "")
        check_finished(work / RESULTS, work / CONSOLE, what="inventory")
        status, problems = _read_status(work / RESULTS / _STATUS)
        problems += surprises(work / RESULTS, "isolation.txt", _EXPECTED_NETWORK)
    if problems:
        raise BuildError("inventory: the host judges against it:\n" + "\n".join(problems[:20]))
    return status


def _run(site: Site, scripts: Path, work: Path) -> MachineRun:
    media = work / "inventory.iso"
    files: dict[str, Path | bytes] = {
        **script_paths(scripts, INVENTORY_SCRIPTS, (), ()),
        "plan/build.env": expected_network_file(_EXPECTED_NETWORK),
    }
    task = GuestTask(
        mode="inventory",
        manifest=make_media(media, files, label="HALLMARK", epoch=0),
        bootstrap=scripts / BOOTSTRAP,
        cloud_config=BUILD_CLOUD_CONFIG,
        deadline_minutes=_MINUTES,
    )
    base = site.base.id
    return MachineRun(
        name=base, fingerprint=site.base_fingerprint, boots=base, shape=MachineShape(), media=media, task=task
    )


def _read_status(path: Path) -> tuple[str, list[str]]:
    """What the guest says its dpkg database is, and what is wrong with it."""
    status = path.read_text(errors="replace") if path.is_file() else ""
    try:
        packages = parse_status(status).packages
    except KeyError as error:
        return status, [f"status: expected a dpkg database, got a package without {error}"]
    return status, [] if packages else ["status: expected a dpkg database, got no package"]
