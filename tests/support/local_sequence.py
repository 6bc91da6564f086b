"""Building and accepting on this machine, with machines that are a function."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import BuildError
from hallmark.common.fingerprint import Sha256
from hallmark.local import image_store
from hallmark.local.image_store import LocalImageStore
from hallmark.pipeline import build as build_module
from hallmark.pipeline.accept import accept_image
from hallmark.pipeline.build import build_image
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import Project
from tests.support.good_results import write_good_build
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


def failed_build(project: Project, machines: FakeMachines, machine: Guest) -> list[str]:
    machines.guest = machine
    with pytest.raises(BuildError) as failed:
        build(project, machines)
    assert Store(project.places().store).images() == []
    assert list((project.folder / "store" / "work").iterdir()) == []
    return str(failed.value).splitlines()
