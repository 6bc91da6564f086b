"""What building, accepting and looking into a base need: an account, a site, and machines that are a function."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from hallmark.aws import image_store
from hallmark.aws.image_store import AwsImageStore
from hallmark.aws.images import Root
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.judges.tools import Tools
from hallmark.order.order import Order, make_order, make_plan
from hallmark.order.places import Places
from hallmark.pipeline import build as build_module
from hallmark.pipeline.build import build_image
from hallmark.store.image import image_id
from hallmark.store.store import Store
from tests.support.aws.strict import base_ami, site_in, strict_account, volume
from tests.support.examples import BASE, INVENTORY, LOCK, TODAY, Project
from tests.support.good_results import write_good_build
from tests.support.machines import FakeMachines, Guest

numbers = itertools.count()


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
        run_id=lambda: f"run-{next(numbers)}",
        network_proof="sealed\n",
    )


def ordered(project: Project, number: int, tools: Tools | None = None) -> Order:
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
        tools=tools,
    )


@pytest.fixture
def number() -> int:
    return next(numbers)


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


def name_of(order: Order) -> str:
    return image_id(order.recipe, order.fingerprint)


def kept(site: Site, order: Order) -> Path:
    return Path(site.evidence) / name_of(order)


def failures(places: Places, name: str) -> list[Path]:
    return [folder / "evidence" for folder in Store(places.store).failures(name)]
