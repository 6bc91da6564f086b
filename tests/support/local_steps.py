"""The steps of the platform local, a store to carry them out on, and what they tell the engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from components import providers
from components.providers import GONE, StepProvider
from hallmark.common.fingerprint import hash_bytes
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.examples import Project

URN = "urn:pulumi:local::hallmark::pulumi-python:dynamic/hallmark:ImageBuild::web-build"
# As components/local/resources.py and golden_image.py declare them; test_resources.py compares.
BASE_STEP, MEDIA = (
    StepProvider(f"local.{step}", replace_on=("fingerprint", "places.cache")) for step in ("base", "patch-media")
)
BUILD, ACCEPTANCE = (
    StepProvider(f"local.{step}", replace_on=("fingerprint", "places.store")) for step in ("build", "acceptance")
)
RELEASE_STEP = StepProvider("local.release", replace_on=("recipe", "channel", "places.store"), update_on=("image",))
STEPS = [BASE_STEP, MEDIA, BUILD, ACCEPTANCE]


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["provider"])


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the providers tell the engine that stays on the screen."""
    lines: list[str] = []

    def recorder(urn: str, *, lasting: bool = False) -> Any:
        assert urn == URN
        return lines.append if lasting else lambda text: None

    monkeypatch.setattr(providers, "reporter", recorder)
    return lines


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def store(project: Project) -> Store:
    return Store(project.places().store)


def add(store: Store, content: str = "1") -> Image:
    with store.workdir(f"build-{content}") as work:
        (work / "disk").write_text(f"disk {content}")
        (work / "evidence").mkdir()
        fingerprint = hash_bytes(content.encode())
        return store.add_candidate(work / "disk", work / "evidence", recipe="web", fingerprint=fingerprint)


def props(project: Project, **more: object) -> dict[str, Any]:
    return {"places": project.places().model_dump_json(), "urn": URN, **more}


def build_props(project: Project, image: Image) -> dict[str, Any]:
    return props(
        project,
        fingerprint=image.fingerprint,
        order="order.json",
        image=image.id,
        disk=str(image.disk),
        evidence=str(image.evidence),
    )


def gone(result: Any) -> bool:
    return (result.id, result.outs) == (GONE.id, GONE.outs) == ("", {})
