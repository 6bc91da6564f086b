"""Fixtures for the control scenarios: a real Debian 13 root, a compiled plan, media, all beside each other."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hallmark.common.cache import user_cache
from hallmark.common.fingerprint import hash_file
from hallmark.controls.plan import Plan, Profile, compile_plan, load_controls
from tests.integration.guest.debian_root import find_debian_root
from tests.integration.guest.plans import FACTS, SCRIPTS, write_plan
from tests.integration.guest.scratch import Guest


@pytest.fixture(scope="session")
def pristine_root() -> Path:
    """A Debian 13 tree with the packages that controls need; nothing may write to it."""
    return find_debian_root(user_cache())


@pytest.fixture(scope="session")
def whole_plan() -> Plan:
    """Every control there is, with the values that the server profile gives."""
    controls = load_controls(SCRIPTS / "controls")
    everything = Profile(title="all", controls=tuple(controls), path=SCRIPTS / "profiles" / "all.toml")
    return compile_plan(FACTS, controls, everything, {}, (), (), dt.date(2026, 1, 1))


@pytest.fixture(scope="session")
def guest(pristine_root: Path, whole_plan: Plan) -> Iterator[Guest]:
    """The root with scripts, plan and media beside it."""
    with tempfile.TemporaryDirectory(prefix="hallmark-guest-") as name:
        folder = Path(name)
        scripts = _copy_scripts(folder / "scripts")
        plan_files = write_plan(folder, pristine_root, whole_plan)
        media = _make_media(folder / "media")
        yield Guest(root=pristine_root, scripts=scripts, plan_files=plan_files, media=media, plan=whole_plan)


def _copy_scripts(target: Path) -> Path:
    shutil.copytree(SCRIPTS, target)
    shutil.copy(Path(__file__).parent / "scenario.sh", target / "scenario.sh")
    return target


def _make_media(folder: Path) -> Path:
    (folder / "debs").mkdir(parents=True)
    (folder / "plan").mkdir()
    (folder / "plan" / "plan").write_text("media-read-only\n")
    (folder / "MANIFEST").write_text(f"{hash_file(folder / 'plan' / 'plan')}  plan/plan\n")
    return folder
