"""Where a stack keeps things, and what a recipe becomes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as with_other
from datetime import date
from pathlib import Path

import pytest

from hallmark.base import base
from hallmark.base.base import BasePlan, plan_the_base
from hallmark.common.errors import HallmarkError, LockError, RecipeError
from hallmark.config.settings import Settings
from hallmark.controls.plan import Plan
from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.inventory import Inventory
from hallmark.debian.lock import PatchLock, write_lock
from hallmark.order import resolve
from hallmark.order.order import make_plan
from hallmark.order.resolve import Context, StartingPoint, order_image, resolve_lock
from tests.support.examples import BASE, LOCK, TODAY, Project, append

STATUS = """\
Package: base-files
Status: install ok installed
Architecture: amd64
Version: 13.8

Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.5.1-1

Package: linux-image-6.12.8-cloud-amd64
Status: install ok installed
Architecture: amd64
Version: 6.12.8-1
"""
MITIGATION = """
[[mitigation]]
cve = "{cve}"
package = "openssl"
reason = "no patch yet"
expires = {expires}
control = "gamma"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def context(project: Project) -> Context:
    return Context(settings=Settings(), places=project.places(), root=project.folder, today=TODAY)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the mirror, which answers with `LOCK`."""
    questions: list[str] = []

    def resolve(
        status: str, packages: tuple[str, ...], root: PrivateRoot, pool: Path, say: Callable[[str], None], *, ask: bool
    ) -> PatchLock:
        assert not ask
        say("downloading")
        questions.append(f"resolve {' '.join(packages)} from {' '.join(root.suites)}")
        return LOCK

    def fetch(lock: PatchLock, root: PrivateRoot, pool: Path, say: Callable[[str], None]) -> None:
        questions.append("fetch")
        say("downloading")

    def verify(lock: PatchLock, root: PrivateRoot, inventory: Inventory, *, where: str) -> None:
        questions.append(f"verify {where} with {root.home.name}")

    monkeypatch.setattr(patches, "resolve", resolve)
    monkeypatch.setattr(patches, "verify_pinned", verify)
    monkeypatch.setattr(patches, "fetch", fetch)
    return questions


def plan_of(project: Project) -> Plan:
    return make_plan(project.recipe, project.scripts, TODAY)


@pytest.mark.parametrize(
    ("wanted", "questions"),
    [
        ("latest", ["update trixie trixie-updates trixie-security", "plan trixie, asking: False"]),
        ("web.lock", ["plan trixie, asking: True"]),
    ],
)
def test_the_base_is_planned_from_the_point_release_alone_and_the_mirror_asked_once(
    context: Context, monkeypatch: pytest.MonkeyPatch, wanted: str, questions: list[str]
) -> None:
    seen: list[str] = []
    planned = BasePlan(fingerprint=BASE, status=STATUS, epoch=0)

    def plan_base(root: PrivateRoot, *, ask: bool) -> BasePlan:
        seen.append(f"plan {' '.join(root.suites)}, asking: {ask}")
        return planned

    monkeypatch.setattr(base, "plan_base", plan_base)
    monkeypatch.setattr(PrivateRoot, "update", lambda root: seen.append(f"update {' '.join(root.suites)}"))
    assert plan_the_base(with_other(context, settings=Settings(patches=wanted))) == planned
    assert seen == questions


def test_latest_asks_the_mirror(context: Context, project: Project, asked: list[str]) -> None:
    said: list[str] = []
    assert resolve_lock(context, project.recipe, plan_of(project), STATUS, said.append) == LOCK
    assert asked == ["resolve nginx from trixie trixie-updates trixie-security"]
    assert said == ["downloading"]


def test_a_package_that_cannot_be_had_is_told_with_the_recipes_file(
    context: Context, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> PatchLock:
        raise LockError("packages: nginks: no such package")

    monkeypatch.setattr(patches, "resolve", refuse)
    with pytest.raises(LockError) as refused:
        resolve_lock(context, project.recipe, plan_of(project), STATUS, lambda _: None)
    assert str(refused.value) == f"{project.recipe.path}: packages: nginks: no such package"


def test_a_pinned_lock_is_read_verified_and_fetched(context: Context, project: Project, asked: list[str]) -> None:
    write_lock(LOCK, project.folder / "web.lock")
    pinned = with_other(context, settings=Settings(patches="web.lock"))
    said: list[str] = []
    assert resolve_lock(pinned, project.recipe, plan_of(project), STATUS, said.append) == LOCK
    past = "trixie+trixie-updates+trixie-security@past"
    assert asked == [f"verify {project.folder}/web.lock with {past}", "fetch"]
    assert said == ["downloading"]


def test_a_pinned_lock_that_is_missing_is_told(context: Context, project: Project) -> None:
    pinned = with_other(context, settings=Settings(patches="web.lock"))
    with pytest.raises(LockError) as missing:
        resolve_lock(pinned, project.recipe, plan_of(project), STATUS, ignore)
    assert str(missing.value) == (
        f"{project.folder}/web.lock: cannot read the patch lock: No such file or directory; correct hallmark:patches"
    )


EXPIRED = "expired on 2026-11-21; look at it again, then patch, renew or remove it"
PATCHED = (
    "the lock brings openssl 3.5.1-1+deb13u1, whose changelog names CVE-2026-0001; "
    "remove the mitigation from the recipe, the patch takes its place"
)


@pytest.mark.parametrize(
    ("cve", "expires", "reason"),
    [("CVE-2026-9999", "2026-11-21", EXPIRED), ("CVE-2026-0001", "2026-12-31", PATCHED)],
)
def test_a_mitigation_that_has_had_its_day_ends_it_naming_the_recipe(
    context: Context, project: Project, asked: list[str], cve: str, expires: str, reason: str
) -> None:
    append(project.recipe_file, MITIGATION.format(cve=cve, expires=expires))
    with pytest.raises(LockError) as ended:
        resolve_lock(context, project.recipe, plan_of(project), STATUS, ignore)
    assert str(ended.value) == f"{project.recipe_file}: mitigation of {cve} in openssl: {reason}"


def test_a_mitigation_in_its_time_does_not(context: Context, project: Project, asked: list[str]) -> None:
    append(project.recipe_file, MITIGATION.format(cve="CVE-2026-9999", expires="2026-11-22"))
    assert resolve_lock(context, project.recipe, plan_of(project), STATUS, ignore) == LOCK


def test_an_order_is_made_of_recipe_base_lock_and_scripts(context: Context, project: Project, asked: list[str]) -> None:
    plan = BasePlan(fingerprint=BASE, status=STATUS, epoch=0)
    order = order_image(context, project.recipe, StartingPoint(base=plan.fingerprint), STATUS, ignore)
    assert order.fingerprint == project.order().fingerprint
    assert order.scripts == project.scripts


def test_a_disk_that_is_too_small_for_its_packages_is_told_before_anything_is_made(
    context: Context, project: Project, asked: list[str]
) -> None:
    large = STATUS.replace("Architecture: amd64\n", "Architecture: amd64\nInstalled-Size: 1600000\n")
    start = StartingPoint(base=BASE)
    with pytest.raises(RecipeError) as refused:
        order_image(context, project.recipe, start, large, ignore)
    assert str(refused.value) == (
        f"{project.recipe_file}: disk: expected room for about 4887 MiB on /, which has 4030; "
        "make size_gib larger, or the size of / in sizes_mib"
    )
    append(project.recipe_file, "\n[disk]\nsize_gib = 6\n")
    order_image(context, project.recipe, start, large, ignore)


def test_the_disk_of_a_base_that_others_made_is_not_reckoned_with(
    context: Context, project: Project, asked: list[str]
) -> None:
    large = STATUS.replace("Architecture: amd64\n", "Architecture: amd64\nInstalled-Size: 1600000\n")
    theirs = Settings(base={"disk": "mine.qcow2", "sha512": "0" * 128})  # type: ignore[arg-type]
    order_image(with_other(context, settings=theirs), project.recipe, StartingPoint(base=BASE), large, ignore)


def test_an_expired_waiver_ends_it_too(context: Context, project: Project, asked: list[str]) -> None:
    waiver = '\n[[hardening.waivers]]\ncontrol = "beta"\nreason = "for now"\nexpires = 2026-11-22\n'
    append(project.recipe_file, waiver)
    plan = BasePlan(fingerprint=BASE, status=STATUS, epoch=0)
    order_image(context, project.recipe, StartingPoint(base=plan.fingerprint), STATUS, ignore)
    with pytest.raises(HallmarkError, match=r'the waiver of "beta" expired on 2026-11-22'):
        order_image(
            with_other(context, today=date(2026, 11, 23)),
            project.recipe,
            StartingPoint(base=plan.fingerprint),
            STATUS,
            ignore,
        )


JUDGE = """
[[judge]]
name = "lynis"
least_score = 60
exceptions = [{ rule = "BOOT-5122", reason = "nobody reaches the boot menu", expires = 2026-11-21 }]
"""


def test_so_does_an_expired_exception_of_a_judge(context: Context, project: Project, asked: list[str]) -> None:
    append(project.recipe_file, JUDGE)
    with pytest.raises(RecipeError, match="the exception of BOOT-5122 expired on 2026-11-21"):
        order_image(context, project.recipe, StartingPoint(base=BASE), STATUS, ignore)


def test_tools_that_the_mirror_does_not_have_are_told_with_the_recipe(
    context: Context, project: Project, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    append(project.recipe_file, JUDGE.replace("2026-11-21", "2026-12-31"))

    def fetch(*_: object) -> None:
        raise LockError("lynis: no such package")

    monkeypatch.setattr(resolve, "fetch_tools", fetch)
    with pytest.raises(LockError) as ended:
        order_image(context, project.recipe, StartingPoint(base=BASE), STATUS, ignore)
    assert str(ended.value) == f"{project.recipe_file}: judge: lynis: no such package"


def ignore(text: str) -> None:
    assert text


def test_in_a_folder_of_locks_each_recipe_has_its_own(context: Context, project: Project, asked: list[str]) -> None:
    (project.folder / "locks").mkdir()
    write_lock(LOCK, project.folder / "locks" / f"{project.recipe.name}.json")
    pinned = with_other(context, settings=Settings(patches="locks"))
    assert resolve_lock(pinned, project.recipe, plan_of(project), STATUS, ignore) == LOCK


def test_a_pinned_lock_for_another_list_of_packages_is_told(
    context: Context, project: Project, asked: list[str]
) -> None:
    write_lock(LOCK, project.folder / "web.lock")
    pinned = with_other(context, settings=Settings(patches="web.lock"))
    recipe = project.recipe.model_copy(update={"packages": ("nginx", "absent")})
    with pytest.raises(LockError) as caught:
        resolve_lock(pinned, recipe, plan_of(project), STATUS, ignore)
    assert str(caught.value) == (
        f"{project.folder / 'web.lock'}: packages: expected absent, which {recipe.path} asks for (packages[1]); "
        "the lock was made for another list: make a new one with hallmark:patches latest"
    )


def test_what_controls_need_is_asked_of_the_mirror_and_of_a_pinned_lock(
    context: Context, project: Project, asked: list[str]
) -> None:
    control = project.scripts / "controls" / "beta" / "control.toml"
    control.write_text('packages = ["fail2ban"]\n' + control.read_text())
    resolve_lock(context, project.recipe, plan_of(project), STATUS, ignore)
    assert asked == ["resolve nginx fail2ban from trixie trixie-updates trixie-security"]
    write_lock(LOCK, project.folder / "web.lock")
    pinned = with_other(context, settings=Settings(patches="web.lock"))
    with pytest.raises(LockError, match="expected fail2ban, which the control beta asks for; the lock was made for"):
        resolve_lock(pinned, project.recipe, plan_of(project), STATUS, ignore)
