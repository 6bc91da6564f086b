"""The inventory of a base AMI: its own dpkg database, and one boot for each AMI."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.aws.inventory import take_inventory
from hallmark.aws.site import Site
from hallmark.common.errors import BuildError
from hallmark.order.places import Places
from tests.support.aws.doubled_sequence import (
    aws,
    base,
    failures,
    machines,
    number,
    order,
    places,
    project,
    silent,
    site,
)
from tests.support.examples import Project
from tests.support.good_results import isolation, write
from tests.support.machines import FakeMachines, Guest

__all__ = ["aws", "base", "machines", "number", "order", "places", "project", "site"]

STATUS = "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 13.8\n"


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
