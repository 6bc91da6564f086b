"""Whole but small examples that tests change in one place: a recipe, guest scripts, an inventory, a lock, an order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from hallmark.common.fingerprint import Sha256
from hallmark.config.recipe import Recipe, load_recipe
from hallmark.debian.inventory import InstalledPackage, Inventory
from hallmark.debian.lock import LockedPackage, LockedSuite, PatchLock
from hallmark.judges.tools import Tools
from hallmark.order.order import ACCEPTANCE_SCRIPTS, BOOTSTRAP, BUILD_SCRIPTS, Order, make_order, make_plan
from hallmark.order.places import Places

TODAY = date(2026, 11, 22)
BASE = Sha256("b" * 64)
RECIPE = """\
name = "web"
title = "A web server"
purpose = "serves pages"
packages = ["nginx"]
listen = ["22/tcp"]
administrators = ["jdoe"]

[hardening]
profile = "server"

[acceptance]
scripts = ["acceptance/pages.sh"]
"""
CONTROL = """\
id = "{name}"
title = "Control {name}"
rationale = "because"
requirements = ["P1"]
sources = [{{ document = "NIST SP 800-123", section = "4" }}]
severity = "low"

[parameters.words]
type = "list"
description = "words"
default = ["one"]
"""
SUITE = LockedSuite(suite="trixie", sha256="a" * 64, date="Sat, 12 Sep 2026 07:55:41 UTC", valid_until=None)
OPENSSL = LockedPackage(
    name="openssl",
    architecture="amd64",
    source="openssl",
    from_version="3.5.1-1",
    to_version="3.5.1-1+deb13u1",
    suite="trixie-security",
    size=10,
    sha256="c" * 64,
    filename="openssl_3.5.1-1+deb13u1_amd64.deb",
    cves=("CVE-2026-0001",),
)
NGINX = LockedPackage(
    name="nginx",
    architecture="amd64",
    source="nginx",
    from_version=None,
    to_version="1.26-3",
    suite="trixie",
    size=20,
    sha256="d" * 64,
    filename="nginx_1.26-3_amd64.deb",
)
KERNEL = LockedPackage(
    name="linux-image-6.12.9-cloud-amd64",
    architecture="amd64",
    source="linux-signed-amd64",
    from_version=None,
    to_version="6.12.9-1",
    suite="trixie-security",
    size=30,
    sha256="e" * 64,
    filename="linux-image-6.12.9-cloud-amd64_6.12.9-1_amd64.deb",
)
LOCK = PatchLock(suites=(SUITE,), packages=(KERNEL, NGINX, OPENSSL))
INVENTORY = Inventory(
    packages=(
        InstalledPackage(name="base-files", version="13.8", architecture="amd64"),
        InstalledPackage(name="linux-image-6.12.8-cloud-amd64", version="6.12.8-1", architecture="amd64"),
        InstalledPackage(name="openssl", version="3.5.1-1", architecture="amd64"),
    )
)


def write_recipe(folder: Path, text: str = RECIPE, *, name: str = "web") -> Path:
    """A recipe's file below `folder`, with its acceptance script beside it."""
    recipes = folder / "recipes"
    (recipes / "acceptance").mkdir(parents=True, exist_ok=True)
    (recipes / "acceptance" / "pages.sh").write_text("exit 0\n")
    path = recipes / f"{name}.toml"
    path.write_text(text)
    return path


def write_scripts(folder: Path) -> Path:
    """An `image_scripts` with the entry points, three controls and a profile of two of them."""
    scripts = folder / "image_scripts"
    (scripts / "profiles").mkdir(parents=True)
    (scripts / "profiles" / "server.toml").write_text('title = "server"\ncontrols = ["alpha", "beta"]\n')
    for name in {*BUILD_SCRIPTS, *ACCEPTANCE_SCRIPTS, BOOTSTRAP}:
        (scripts / name).write_text(f"# {name}\n")
    for name in ("alpha", "beta", "gamma"):
        control = scripts / "controls" / name
        (control / "tests").mkdir(parents=True)
        (control / "control.toml").write_text(CONTROL.format(name=name))
        (control / "apply.sh").write_text(f"# apply {name}\n")
        (control / "check.sh").write_text(f"# check {name}\n")
        (control / "tests" / "applied.pass.sh").write_text("true\n")
    return scripts


class Project:
    """A checkout in a scratch folder, from which orders are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scripts = write_scripts(folder)
        self.recipe_file = write_recipe(folder)

    @property
    def recipe(self) -> Recipe:
        """The recipe as its file now has it."""
        return load_recipe(self.recipe_file)

    def order(
        self,
        *,
        lock: PatchLock = LOCK,
        inventory: Inventory = INVENTORY,
        base: Sha256 = BASE,
        today: date = TODAY,
        tools: Tools | None = None,
    ) -> Order:
        """The order as files and arguments now have it."""
        plan = make_plan(self.recipe, self.scripts, today)
        return make_order(
            self.recipe, plan, scripts=self.scripts, base=base, inventory=inventory, lock=lock, tools=tools
        )

    def places(self) -> Places:
        """A store and a cache below the folder, and mirrors that nobody serves."""
        return Places(
            store=self.folder / "store",
            cache=self.folder / "cache",
            main="http://mirror.invalid/debian",
            security="http://mirror.invalid/debian-security",
            keyrings=(),
            parallel=None,
        )


def append(path: Path, text: str) -> None:
    """Add text to a file."""
    path.write_text(path.read_text() + text)


def replace(path: Path, old: str, new: str) -> None:
    """Replace what a file has once."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
