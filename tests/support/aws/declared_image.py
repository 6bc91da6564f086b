"""What the program declares for one recipe on AWS."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from components.aws import platform as aws_platform
from components.golden_image import GoldenImage, GoldenImageArgs
from components.program import choose_platform
from hallmark.aws import settings as aws_settings
from hallmark.aws.steps import pack
from hallmark.config.settings import Settings
from hallmark.debian import resolve as patches
from hallmark.order.order import Order, load_order
from hallmark.order.resolve import Context
from tests.doubles.server import BIN
from tests.support.aws.site import AWS, SITE
from tests.support.declared import OUTPUTS, Program, run_program
from tests.support.examples import LOCK, TODAY, Project

STATUS = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.5.1-1\n"
SNAPSHOT, AMI, IMAGE = "snap-0123456789abcdef0", "ami-0123456789abcdef0", "web-0123456789abcdef"
SECRET = "correct horse battery staple"
BUILT = {"image": IMAGE, "snapshot": SNAPSHOT, "run": "run-1", "evidence": f"/evidence/{IMAGE}"}
STEPS = ["base", "web-patch-media", "web-build", "web-image-registration", "web-acceptance"]
OURS = [*STEPS, "web-release-channel-read-back"]


@pytest.fixture(autouse=True)
def _plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doubled ones are where the platform looks for them; nothing here starts them."""
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The scopes of the sweeps."""
    scopes: list[object] = []

    def sweep(_: object, *, scope: object, **__: object) -> tuple[str, ...]:
        scopes.append(scope)
        return ()

    monkeypatch.setattr(aws_platform, "sweep", sweep)
    return scopes


@pytest.fixture
def context(project: Project, monkeypatch: pytest.MonkeyPatch, swept: list[object]) -> Context:
    """A stack's context: the mirror's answer is `LOCK`, the account's is `SITE`, every step goes well."""
    monkeypatch.setattr(patches, "resolve", lambda *_, **__: LOCK)
    monkeypatch.setattr(aws_platform, "ask_the_mirror", lambda _: True)
    monkeypatch.setattr(aws_platform, "survey", lambda *_, **__: SITE)
    outputs = {
        "AmiInventory": {"status": pack(STATUS)},
        "AmiBuild": BUILT,
        "AmiRegistration": {"ami": AMI},
        "AmiAcceptance": {"image": AMI, "accepted": True},
    }
    for kind, values in outputs.items():
        monkeypatch.setitem(OUTPUTS, kind, values)
    monkeypatch.setattr(aws_settings, "load_aws_settings", lambda *_, **__: AWS)
    settings = Settings(recipes=("web",), channel="testing", platform="aws", kmsKey="alias/hallmark")
    return Context(settings=settings, places=project.places(), root=project.folder, today=TODAY)


def body(project: Project, context: Context) -> Callable[[], None]:
    def declare() -> None:
        platform = choose_platform(context, {"web": project.recipe})["web"]
        args = GoldenImageArgs(recipe=project.recipe, context=context, platform=platform)
        pulumi.export("web", GoldenImage("web", args).outputs)

    return declare


@pytest.fixture
def declared(project: Project, context: Context) -> Program:
    return run_program(body(project, context), config={"aws:secretKey": SECRET, "hallmark:password": SECRET})


def order_of(declared: Program) -> Order:
    return load_order(Path(declared.resources["web-build"].inputs["order"]))
