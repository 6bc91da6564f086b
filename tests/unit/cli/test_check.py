"""`hallmark check`: which machine, which image, and one clear error for what cannot be looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hallmark.cli import app as cli
from hallmark.cli import check
from hallmark.common.errors import CheckError, HallmarkError, StoreError
from hallmark.drift.ssh import Login
from hallmark.guest.checks_archive import keep_checks
from hallmark.order.order import Order
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import Project
from tests.support.good_results import write, write_controls


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return Project(tmp_path / "project").order()


@pytest.fixture
def image(order: Order, tmp_path: Path) -> Image:
    """A released image, with its evidence."""
    store = Store(tmp_path / "store")
    with store.workdir("build") as work:
        (work / "disk").write_text("disk")
        write(work / "evidence/order.json", order.model_dump_json())
        keep_checks(order, work / "evidence")
        return store.add_candidate(
            work / "disk", work / "evidence", recipe=order.recipe, fingerprint=order.fingerprint, packages=1
        )


class Machine:
    """What a live machine says; it stands in for the conversation."""

    def __init__(self, order: Order) -> None:
        self.order, self.image, self.failing = order, "", ""
        self.login: Login | None = None

    def look(self, login: Login, _script: str, answer: Callable[[str | None], bytes], results: Path) -> None:
        self.login = login
        answer(self.image or None)
        write_controls(results, self.order)
        if self.failing:
            write(results / f"{self.failing}.exit", "1\n")
            write(results / f"{self.failing}.out", "FAIL open\n")


@pytest.fixture
def machine(order: Order, image: Image, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(order)
    machine.image = image.id
    monkeypatch.setattr(check, "look", machine.look)
    return machine


def call(image: Image, *words: str) -> Result:
    store = image.folder.parent.parent
    return CliRunner().invoke(cli.app, ["check", "--store", str(store), *words], catch_exceptions=False)


def test_a_machine_as_released_ends_with_0(image: Image, machine: Machine) -> None:
    done = call(image, "jdoe@server")
    assert done.exit_code == 0
    assert f"jdoe@server: as released ({image.id})" in done.output


def test_drift_ends_with_10_and_is_told_as_json(image: Image, machine: Machine, order: Order) -> None:
    machine.failing = order.plan[0].id
    done = call(image, "jdoe@server", "--json")
    assert done.exit_code == 10
    document = json.loads(done.stdout)
    assert (document["as_released"], document["image"], document["target"]) == (False, image.id, "jdoe@server")
    assert [finding["control"] for finding in document["findings"]] == [order.plan[0].id]


def test_sshs_options_go_to_ssh(image: Image, machine: Machine) -> None:
    call(image, "server", "--port", "2222", "-i", "/k", "-o", "A=b", "-o", "C=d")
    assert machine.login is not None
    assert machine.login.options == ("-p", "2222", "-i", "/k", "-o", "A=b", "-o", "C=d")


def test_the_password_comes_from_a_descriptor(image: Image, machine: Machine) -> None:
    read, write_end = os.pipe()
    os.write(write_end, "pässword\nmore".encode())
    os.close(write_end)
    call(image, "server", "--sudo-password-fd", str(read))
    assert machine.login is not None
    assert machine.login.password() == "pässword"
    os.close(read)


def test_the_image_can_be_named_and_another_word_of_the_machines_is_told(image: Image, machine: Machine) -> None:
    machine.image = ""
    done = call(image, "server", "--image", image.id)
    assert f"note: the machine says it is of no image; compared with {image.id}" in done.output


def test_evidence_elsewhere_can_be_named(image: Image, machine: Machine, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["check", "--evidence", str(image.evidence), "server"], catch_exceptions=False)
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("said", "words", "error", "told"),
    [
        ("", (), CheckError, "expected a machine of a Hallmark image"),
        ("web-" + "0" * 16, (), CheckError, f"expected an image that is known here, got web-{'0' * 16}"),
        ("../../etc", (), CheckError, "expected an image that is known here, got ../../etc"),
        ("", ("--image", "web"), CheckError, "expected an image that is known here, got web"),
        ("", ("--evidence", "/nowhere"), StoreError, "/nowhere/order.json: expected the order of a released image"),
    ],
)
def test_what_is_not_known_here_is_one_clear_error(
    image: Image, machine: Machine, said: str, words: tuple[str, ...], error: type[HallmarkError], told: str
) -> None:
    machine.image = said
    with pytest.raises(error) as raised:
        call(image, "server", *words)
    assert told in str(raised.value)


def test_a_disk_that_is_not_there_and_an_id_that_is_not_known(image: Image) -> None:
    with pytest.raises(CheckError, match="expected a qcow2 file, found none"):
        call(image, "./no.qcow2")
    with pytest.raises(CheckError, match="expected an image that is known here"):
        call(image, "web-" + "0" * 16)


def test_an_images_id_boots_its_disk(image: Image, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    from hallmark.local import check as local

    booted: list[Path] = []

    def look(disk: Path, *_: object, work: Path, **__: object) -> Path:
        booted.append(disk)
        write_controls(work / "results", order)
        return work / "results"

    monkeypatch.setattr(local, "look_at_disk", look)
    monkeypatch.setattr(check, "choose_for_image", lambda _stack: None)
    done = call(image, image.id)
    assert (done.exit_code, booted) == (0, [image.disk])
    assert f"{image.id}: as released" in done.output
