"""What the program declares for one recipe on the platform local."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from components.golden_image import GoldenImage, GoldenImageArgs
from components.local import platform as local_platform
from components.local.platform import LocalPlatform
from hallmark.base.base import BasePlan
from hallmark.config.settings import Settings
from hallmark.debian import resolve as patches
from hallmark.order.resolve import Context
from tests.support.declared import Program, run_program
from tests.support.examples import BASE, LOCK, TODAY, Project

STATUS = """\
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.5.1-1
"""
PLAN = BasePlan(fingerprint=BASE, status=STATUS, epoch=0)
SECRET = "correct horse battery staple"
STEPS = ["web-patch-media", "web-build", "web-acceptance", "web-release"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def context(project: Project, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A stack's context; the mirror's answer is `LOCK`."""
    monkeypatch.setattr(patches, "resolve", lambda *_, **__: LOCK)
    monkeypatch.setattr(local_platform, "plan_the_base", lambda _: PLAN)
    settings = Settings(recipes=("web",), channel="testing")
    return Context(settings=settings, places=project.places(), root=project.folder, today=TODAY)


def body(project: Project, context: Context) -> Callable[[], None]:
    def declare() -> None:
        args = GoldenImageArgs(recipe=project.recipe, context=context, platform=LocalPlatform(context, PLAN))
        GoldenImage("web", args)

    return declare


@pytest.fixture
def declared(project: Project, context: Context) -> Program:
    return run_program(body(project, context), config={"hallmark:password": SECRET})
