"""The inventory of an AMI: its own dpkg database, from an isolated boot of it. The host judges that boot like any."""

from __future__ import annotations

from pathlib import Path

from hallmark.aws.site import Site
from hallmark.common.errors import BuildError, HallmarkError
from hallmark.common.iso import make_media
from hallmark.config.recipe import MachineShape
from hallmark.debian.inventory import parse_status
from hallmark.evidence.gather import keep_evidence_of
from hallmark.evidence.index import Summary
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished
from hallmark.guest.user_data import BUILD_CLOUD_CONFIG
from hallmark.judge.observed import surprises
from hallmark.order.order import BOOTSTRAP, INVENTORY_SCRIPTS, Surroundings, script_paths, surroundings_file
from hallmark.order.places import Places
from hallmark.pipeline.build import NETWORK_PROOF
from hallmark.pipeline.machines import MachineRun, Machines, Say
from hallmark.store.store import Store

_MINUTES = 15
_SURROUNDINGS: Surroundings = "imds"


def take_inventory(site: Site, scripts: Path, machines: Machines, places: Places, say: Say) -> str:
    """The dpkg status of the site's base, from an isolated boot of it.

    Raises BuildError, naming the evidence, when the guest fails or the host's judgement is against it.
    """
    machines.check("inventory")
    store, name = Store(places.store), site.base.id
    with store.workdir(f"inventory-{name}") as work:
        try:
            return _take_inventory(site, scripts, machines, work, say)
        except HallmarkError as error:
            summary = Summary(title=f"inventory of {name}", outcome=f"failed: {error}")
            raise keep_evidence_of(store, name, work, error, lambda _: summary) from error


def _take_inventory(site: Site, scripts: Path, machines: Machines, work: Path, say: Say) -> str:
    evidence = work / "evidence"
    evidence.mkdir()
    with machines.run(_run(site, scripts, work), work, say) as outputs:
        (evidence / NETWORK_PROOF).write_text(outputs.network_proof or "")
        check_finished(work / RESULTS, work / CONSOLE, what="inventory")
        status, problems = _read_status(work / RESULTS / "status")
        problems += surprises(work / RESULTS, "isolation.txt", _SURROUNDINGS)
    if problems:
        raise BuildError("inventory: the host judges against it:\n" + "\n".join(problems[:20]))
    return status


def _run(site: Site, scripts: Path, work: Path) -> MachineRun:
    media = work / "inventory.iso"
    files: dict[str, Path | bytes] = {
        **script_paths(scripts, INVENTORY_SCRIPTS, (), ()),
        "plan/build.env": surroundings_file(_SURROUNDINGS),
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
