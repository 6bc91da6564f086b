"""An image's identity changes with whatever goes into it, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from hallmark.common.errors import ControlError, MediaError, RecipeError, StoreError
from hallmark.common.fingerprint import Sha256, hash_bytes
from hallmark.common.iso import manifest_lines
from hallmark.debian.inventory import InstalledPackage, Inventory
from hallmark.guest.patch_media import make_acceptance_media, make_ordered_media
from hallmark.order.order import (
    ACCEPTANCE_SCRIPTS,
    BOOTSTRAP,
    BUILD_SCRIPTS,
    DRIFT_SCRIPTS,
    INVENTORY_SCRIPTS,
    JUDGE_SCRIPTS,
    JUDGES_SCRIPT,
    load_order,
    save_order,
    save_refusal,
    script_paths,
    superseded_kernels,
)
from tests.support.examples import INVENTORY, KERNEL, LOCK, NGINX, OPENSSL, SUITE, TODAY, Project, append, replace
from tests.support.judges_reports import TOOLS

CHECKOUT = Path(__file__).parents[3]
GAMMA_MITIGATES = """
[[mitigation]]
cve = "CVE-2026-12345"
package = "nginx"
reason = "the module is off"
expires = 2026-12-31
control = "gamma"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def control(project: Project, name: str) -> Path:
    return project.scripts / "controls" / name


def add_parameter(project: Project, text: str) -> None:
    append(project.recipe_file, f"\n[hardening.parameters.alpha]\n{text}\n")


BOTH, NEITHER, TESTS_ALONE = (True, True), (False, False), (False, True)


@pytest.mark.parametrize(
    ("change", "image_and_acceptance"),
    [
        pytest.param(lambda p: append(control(p, "alpha") / "apply.sh", "#"), BOTH, id="a planned control's apply"),
        pytest.param(lambda p: append(control(p, "beta") / "check.sh", "#"), BOTH, id="a planned control's check"),
        pytest.param(lambda p: (control(p, "beta") / "list.txt").write_text("x"), BOTH, id="a planned control's data"),
        pytest.param(lambda p: append(control(p, "gamma") / "apply.sh", "#"), NEITHER, id="an unplanned control"),
        pytest.param(lambda p: append(control(p, "gamma") / "check.sh", "#"), NEITHER, id="an unplanned check"),
        pytest.param(
            lambda p: append(control(p, "alpha") / "tests" / "applied.pass.sh", "#"), NEITHER, id="a control's scenario"
        ),
        pytest.param(
            lambda p: replace(control(p, "alpha") / "control.toml", '"because"', '"why not"'),
            NEITHER,
            id="a control's rationale",
        ),
        pytest.param(
            lambda p: replace(control(p, "alpha") / "control.toml", '["one"]', '["two"]'),
            BOTH,
            id="a parameter's default",
        ),
        pytest.param(lambda p: add_parameter(p, 'words = ["two"]'), BOTH, id="a parameter of the recipe"),
        pytest.param(lambda p: add_parameter(p, 'words = ["one"]'), NEITHER, id="a parameter set to its default"),
        pytest.param(
            lambda p: replace(p.scripts / "profiles" / "server.toml", '"alpha", "beta"', '"beta", "alpha"'),
            BOTH,
            id="the order of controls",
        ),
        pytest.param(
            lambda p: replace(p.scripts / "profiles" / "server.toml", '"beta"]', '"beta", "gamma"]'),
            BOTH,
            id="one control more",
        ),
        pytest.param(lambda p: append(p.recipe_file, GAMMA_MITIGATES), BOTH, id="a mitigation's control"),
        pytest.param(lambda p: append(p.scripts / BOOTSTRAP, "#"), BOTH, id="the bootstrap"),
        pytest.param(lambda p: append(p.scripts / "build.sh", "#"), BOTH, id="the build's script"),
        pytest.param(lambda p: append(p.scripts / "lib.sh", "#"), BOTH, id="what scripts share"),
        pytest.param(lambda p: append(p.scripts / "accept.sh", "#"), TESTS_ALONE, id="acceptance's script"),
        pytest.param(
            lambda p: append(p.recipe_file.parent / "acceptance" / "pages.sh", "#"),
            TESTS_ALONE,
            id="the recipe's own test",
        ),
        pytest.param(
            lambda p: replace(p.recipe_file, "[acceptance]", "[machine]\nmemory_mib = 2048\n[acceptance]"),
            BOTH,
            id="the machine's memory",
        ),
        pytest.param(
            lambda p: replace(p.recipe_file, "[acceptance]", "[machine]\ncpus = 1\n[acceptance]"),
            BOTH,
            id="the machine's processors",
        ),
        pytest.param(lambda p: replace(p.recipe_file, '["jdoe"]', '["asmith"]'), TESTS_ALONE, id="who signs in"),
        pytest.param(lambda p: replace(p.recipe_file, "serves pages", "serves files"), BOTH, id="the purpose"),
        pytest.param(
            lambda p: replace(p.recipe_file, 'name = "web"', 'name = "web"\ndeadline_minutes = 50'),
            NEITHER,
            id="how long it may take",
        ),
        pytest.param(lambda p: append(p.recipe_file, "\n# a remark\n"), NEITHER, id="a remark"),
    ],
)
def test_the_identities_change_with_what_goes_in(
    project: Project, change: Callable[[Project], object], image_and_acceptance: tuple[bool, bool]
) -> None:
    before = project.order()
    change(project)
    after = project.order()
    changed = (
        before.fingerprint != after.fingerprint,
        before.acceptance_fingerprint != after.acceptance_fingerprint,
    )
    assert changed == image_and_acceptance


def test_the_identities_change_with_base_lock_and_inventory(project: Project) -> None:
    newer = OPENSSL.model_copy(update={"to_version": "3.5.1-1+deb13u2", "sha256": "f" * 64})
    other = Inventory(packages=(*INVENTORY.packages, InstalledPackage(name="vim", version="9", architecture="amd64")))
    fingerprints = {
        project.order().fingerprint,
        project.order(base=Sha256("0" * 64)).fingerprint,
        project.order(lock=LOCK.model_copy(update={"packages": (KERNEL, NGINX, newer)})).fingerprint,
        project.order(lock=LOCK.model_copy(update={"packages": (KERNEL, NGINX)})).fingerprint,
        project.order(inventory=other).fingerprint,
    }
    assert len(fingerprints) == 5


def test_the_identities_stay_when_only_the_day_or_the_date_of_the_mirror_is_another(project: Project) -> None:
    later = LOCK.model_copy(update={"suites": (SUITE.model_copy(update={"date": "later", "sha256": "0" * 64}),)})
    assert project.order(lock=later).fingerprint == project.order().fingerprint
    assert project.order(today=date(2030, 1, 1)).fingerprint == project.order().fingerprint


def test_the_identities_are_the_same_in_another_checkout(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Project(tmp_path / "one").order(), Project(tmp_path / "two").order()
    assert one.scripts != two.scripts
    assert one.fingerprint == two.fingerprint
    assert one.acceptance_fingerprint == two.acceptance_fingerprint
    assert one.build_manifest == two.build_manifest


def test_the_media_carry_scripts_plan_and_packages_and_no_unplanned_control(project: Project) -> None:
    order = project.order()
    assert sorted(order.build_hashes) == sorted(
        [
            *(f"image_scripts/{name}" for name in BUILD_SCRIPTS),
            *(f"image_scripts/controls/{name}/{part}.sh" for name in ("alpha", "beta") for part in ("apply", "check")),
            *(f"debs/{package.filename}" for package in LOCK.packages),
            "plan/plan",
            "plan/waived",
            "plan/env/alpha",
            "plan/env/beta",
            "plan/lock.tsv",
            "plan/expected.tsv",
            "plan/superseded",
            "plan/recipe.env",
            "plan/build.env",
            "plan/wanted",
        ]
    )
    assert order.build_hashes["debs/nginx_1.26-3_amd64.deb"] == NGINX.sha256
    assert order.build_hashes["plan/plan"] == hash_bytes(b"alpha\nbeta\n")


def test_acceptance_is_given_checks_and_no_way_to_apply(project: Project) -> None:
    names = project.order().acceptance_hashes
    assert "image_scripts/controls/alpha/check.sh" in names
    assert "acceptance/pages.sh" in names
    assert not [name for name in names if name.endswith("apply.sh") or name.startswith("debs/")]


def test_a_controls_data_goes_with_it_but_neither_its_words_nor_its_scenarios(project: Project) -> None:
    (control(project, "alpha") / "list.txt").write_text("x")
    paths = script_paths(project.scripts, ("lib.sh",), ("alpha",), ("check",))
    assert paths == {
        "image_scripts/lib.sh": project.scripts / "lib.sh",
        "image_scripts/controls/alpha/check.sh": control(project, "alpha") / "check.sh",
        "image_scripts/controls/alpha/list.txt": control(project, "alpha") / "list.txt",
    }


def test_every_guest_script_of_this_checkout_is_on_some_media() -> None:
    there = {path.name for path in (CHECKOUT / "image_scripts").iterdir() if path.suffix in (".sh", ".py")}
    assert there == {*BUILD_SCRIPTS, *ACCEPTANCE_SCRIPTS, *INVENTORY_SCRIPTS, *DRIFT_SCRIPTS, *JUDGE_SCRIPTS, BOOTSTRAP}


def test_whatever_a_control_sources_is_on_the_media_of_build_and_acceptance() -> None:
    texts = [path.read_text() for path in (CHECKOUT / "image_scripts" / "controls").glob("*/*.sh")]
    sourced = {
        line.rpartition("/")[2].strip('"')
        for text in texts
        for line in text.splitlines()
        if line.lstrip().startswith('. "$HALLMARK_SCRIPTS/')
    }
    assert sourced
    assert sourced <= {*BUILD_SCRIPTS}
    assert sourced <= {*ACCEPTANCE_SCRIPTS}


JUDGED = """
[[judge]]
name = "lynis"
least_score = 60
exceptions = [{ rule = "BOOT-5122", reason = "nobody reaches the boot menu", expires = 2026-12-31 }]
"""


def test_judges_are_of_the_acceptance_and_not_of_the_image(project: Project, tmp_path: Path) -> None:
    tree = tmp_path / "tools.tar"
    tree.write_bytes(b"tools")
    (project.scripts / JUDGES_SCRIPT).write_text("# judges\n")
    tools = TOOLS.model_copy(update={"tree": tree, "sha256": hash_bytes(b"tools")})
    before = project.order()
    append(project.recipe_file, JUDGED)
    asked = project.order(tools=tools)
    assert asked.fingerprint == before.fingerprint
    assert asked.build_hashes == before.build_hashes
    others = [before, project.order(tools=tools.model_copy(update={"sha256": hash_bytes(b"newer")}))]
    for old, new in (
        ("= 60", "= 61"),
        ("BOOT-5122", "BOOT-5264"),
        ('"lynis"', '"openscap"\nprofile = "cis_level1_server"'),
    ):
        replace(project.recipe_file, old, new)
        others.append(project.order(tools=tools))
    assert len({order.acceptance_fingerprint for order in (asked, *others)}) == 6
    assert load_order(save_order(asked, tmp_path)) == asked
    make_acceptance_media(asked, tmp_path)
    tree.write_bytes(b"other")
    with pytest.raises(MediaError, match="changed while this run was under way"):
        make_acceptance_media(asked, tmp_path)


def test_ssh_audit_needs_a_python_in_the_image(project: Project) -> None:
    append(project.recipe_file, '\n[[judge]]\nname = "ssh-audit"\nleast_score = 100\n')
    with pytest.raises(RecipeError, match=r"judge\[0\]: ssh-audit runs in the image's python3"):
        project.order(tools=TOOLS)


def test_the_newest_kernel_alone_is_expected_and_the_old_one_gives_way(project: Project) -> None:
    order = project.order()
    assert order.superseded() == (("linux-image-6.12.8-cloud-amd64", "6.12.8-1", "amd64"),)
    assert order.expected() == (
        ("base-files", "13.8", "amd64"),
        ("linux-image-6.12.9-cloud-amd64", "6.12.9-1", "amd64"),
        ("nginx", "1.26-3", "amd64"),
        ("openssl", "3.5.1-1+deb13u1", "amd64"),
    )


def test_a_kernel_stays_when_the_lock_brings_no_other() -> None:
    without = LOCK.model_copy(update={"packages": (NGINX, OPENSSL)})
    same = KERNEL.model_copy(update={"name": "linux-image-6.12.8-cloud-amd64"})
    meta = KERNEL.model_copy(update={"name": "linux-image-cloud-amd64"})
    assert superseded_kernels(INVENTORY, without) == ()
    assert superseded_kernels(INVENTORY, LOCK.model_copy(update={"packages": (same,)})) == ()
    assert superseded_kernels(INVENTORY, LOCK.model_copy(update={"packages": (meta,)})) == ()
    assert superseded_kernels(INVENTORY, LOCK) == ("linux-image-6.12.8-cloud-amd64",)


def test_an_order_with_no_patches_outstanding_is_an_order(project: Project) -> None:
    order = project.order(lock=LOCK.model_copy(update={"packages": ()}))
    assert order.expected() == order.inventory
    assert order.superseded() == ()


def test_a_preview_shows_which_control_changed(project: Project) -> None:
    before = project.order().controls_summary()
    append(control(project, "beta") / "apply.sh", "#")
    after = project.order().controls_summary()
    assert [name for name in before if before[name] != after[name]] == ["beta"]
    assert list(before) == ["alpha", "beta"]


def test_a_waiver_goes_into_the_plan_with_its_reason(project: Project) -> None:
    waiver = '\n[[hardening.waivers]]\ncontrol = "beta"\nreason = "for now"\nexpires = 2026-11-22\n'
    append(project.recipe_file, waiver)
    order = project.order(today=TODAY)
    assert [control.waiver for control in order.compiled_plan().controls] == [None, "for now"]
    with pytest.raises(ControlError, match="expired on 2026-11-22"):
        project.order(today=date(2026, 11, 23))


def test_an_order_survives_the_way_through_a_file(project: Project, tmp_path: Path) -> None:
    order = project.order()
    path = save_order(order, tmp_path / "cache")
    assert load_order(path) == order
    assert load_order(path).fingerprint == order.fingerprint
    assert save_order(order, tmp_path / "cache") == path


def test_an_order_that_was_tampered_with_is_refused(project: Project, tmp_path: Path) -> None:
    path = save_order(project.order(), tmp_path)
    document = json.loads(path.read_text())
    document["plan"] = document["plan"][:1]
    path.write_text(json.dumps(document))
    with pytest.raises(StoreError) as refused:
        load_order(path)
    assert str(refused.value) == f"{path}: its content is not what its name says; remove it and run again"


def test_what_keeps_an_order_from_being_made_comes_to_whoever_reads_it(tmp_path: Path) -> None:
    path = save_refusal(ControlError("recipes/web.toml: alpha: no such control"), tmp_path)
    with pytest.raises(ControlError) as refused:
        load_order(path)
    assert str(refused.value) == "recipes/web.toml: alpha: no such control"


def test_an_order_that_is_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "order-0.json"
    with pytest.raises(StoreError) as refused:
        load_order(path)
    assert str(refused.value) == f"{path}: expected a plan of this run: No such file or directory; run again"


def test_a_bootstrap_that_changes_after_the_order_is_not_used(project: Project) -> None:
    order = project.order()
    append(project.scripts / BOOTSTRAP, "#")
    with pytest.raises(MediaError) as caught:
        order.bootstrap_file()
    assert str(caught.value) == f"{project.scripts / BOOTSTRAP}: changed while this run was under way; run again"


def test_media_of_files_that_changed_after_the_order_are_not_made(tmp_path: Path) -> None:
    ordered = hash_bytes(manifest_lines({"a": hash_bytes(b"ordered")}))
    with pytest.raises(MediaError) as caught:
        make_ordered_media(tmp_path / "x.iso", {"a": b"changed"}, ordered)
    assert str(caught.value) == (
        "media: image_scripts/, the recipe's scripts or a package changed while this run was under way; run again"
    )
    assert not (tmp_path / "x.iso").exists()
    make_ordered_media(tmp_path / "x.iso", {"a": b"ordered"}, ordered)


def test_a_check_in_python_needs_a_python(project: Project) -> None:
    (project.scripts / "controls" / "beta" / "check.sh").rename(project.scripts / "controls" / "beta" / "check.py")
    with pytest.raises(ControlError) as refused:
        project.order()
    assert str(refused.value) == (
        f"{project.scripts}/controls/beta/check.py: expected python3 in the image, which neither the base nor the "
        "recipe's packages bring; add python3 to the recipe's packages"
    )
    python = InstalledPackage(name="python3", version="3.13.5-1", architecture="amd64")
    project.order(inventory=Inventory(packages=(*INVENTORY.packages, python)))


def test_a_preview_says_which_control_brought_a_package(project: Project) -> None:
    control = project.scripts / "controls" / "beta" / "control.toml"
    control.write_text('packages = ["nginx"]\n' + control.read_text())
    lines = project.order().patch_summary()
    assert "nginx (new) → 1.26-3 (trixie), for beta" in lines
    assert [line for line in lines if line.endswith(", for beta")] == ["nginx (new) → 1.26-3 (trixie), for beta"]


def test_what_a_controls_package_replaces_leaves_the_image_with_the_patches(project: Project) -> None:
    installed = InstalledPackage(name="systemd-timesyncd", version="257", architecture="amd64")
    inventory = Inventory(packages=(*INVENTORY.packages, installed))
    assert ("systemd-timesyncd", "257", "amd64") in project.order(inventory=inventory).expected()
    text = (control(project, "alpha") / "control.toml").read_text()
    replaced = 'packages = ["nginx"]\nreplaces = ["systemd-timesyncd"]\n'
    (control(project, "alpha") / "control.toml").write_text(replaced + text)
    order = project.order(inventory=inventory)
    assert ("systemd-timesyncd", "257", "amd64") not in order.expected()
    assert order.plan_files["plan/replaced"] == "systemd-timesyncd\n"
    assert order.superseded() == project.order().superseded()
    assert order.compiled_plan().replaces == {"systemd-timesyncd"}
