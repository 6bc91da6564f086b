"""The plan that controls and a profile are compiled into."""

from __future__ import annotations

import datetime as dt
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.common.errors import ControlError
from hallmark.controls.plan import (
    Plan,
    PlannedControl,
    Profile,
    compile_plan,
    expected_table,
    load_controls,
    lock_table,
    recipe_environment,
)
from tests.support.control_files import parameter, write_control

TODAY = dt.date(2026, 11, 22)


@dataclass(frozen=True)
class Waiver:
    control: str
    reason: str
    expires: dt.date


@dataclass(frozen=True)
class Locked:
    name: str
    architecture: str
    from_version: str | None
    to_version: str
    suite: str = "trixie-security"
    cves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Installed:
    name: str
    version: str
    architecture: str


def profile(*controls: str, **parameters: dict[str, Any]) -> Profile:
    named = {name.replace("_", "-"): values for name, values in parameters.items()}
    return Profile(title="t", controls=controls, parameters=named, path=Path("profiles/p.toml"))


def compiled(folder: Path, chosen: Profile, **changes: Any) -> Plan:
    arguments: dict[str, Any] = {
        "recipe_facts": {},
        "parameters": {},
        "waivers": (),
        "extra_controls": (),
        "today": TODAY,
        "origin": "recipes/r.toml",
    }
    return compile_plan(controls=load_controls(folder), profile=chosen, **(arguments | changes))


def message_of(folder: Path, chosen: Profile, **changes: Any) -> str:
    with pytest.raises(ControlError) as caught:
        compiled(folder, chosen, **changes)
    return str(caught.value)


# --- compiling ---


def test_the_order_is_the_profiles_unless_after_says_otherwise(tmp_path: Path) -> None:
    write_control(tmp_path, "a", 'after = ["c"]\n')
    for name in "bcd":
        write_control(tmp_path, name)
    assert compiled(tmp_path, profile("a", "b", "c", "d")).ids == ("b", "c", "a", "d")


def test_after_a_control_that_is_not_in_the_plan_means_nothing(tmp_path: Path) -> None:
    write_control(tmp_path, "a", 'after = ["b"]\n')
    write_control(tmp_path, "b")
    assert compiled(tmp_path, profile("a")).ids == ("a",)


def test_the_controls_of_mitigations_join_the_plan_once(tmp_path: Path) -> None:
    for name in "ab":
        write_control(tmp_path, name)
    assert compiled(tmp_path, profile("a"), extra_controls=("b", "a", "b")).ids == ("a", "b")


def test_a_profile_that_names_an_unknown_control_is_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    assert message_of(tmp_path, profile("a", "b")) == (
        'profiles/p.toml: controls[1]: there is no control "b"; `ls image_scripts/controls` lists them'
    )


def test_a_mitigation_that_names_an_unknown_control_is_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    assert message_of(tmp_path, profile("a"), extra_controls=("a", "b")) == (
        'recipes/r.toml: mitigation[1].control: there is no control "b"; `ls image_scripts/controls` lists them'
    )


def test_values_come_from_default_then_profile_then_recipe(tmp_path: Path) -> None:
    for name in "abc":
        write_control(tmp_path, name, parameter("string", 'default = "default"'))
    chosen = profile("a", "b", "c", b={"words": "profile"}, c={"words": "profile"})
    plan = compiled(tmp_path, chosen, parameters={"c": {"words": "recipe"}})
    assert [c.environment["HM_WORDS"] for c in plan.controls] == ["default", "profile", "recipe"]


def test_a_default_can_come_from_a_fact_of_the_recipe(tmp_path: Path) -> None:
    write_control(tmp_path, "a", parameter("list", 'from = "recipe.listen"'))
    plan = compiled(tmp_path, profile("a"), recipe_facts={"listen": ("22/tcp", "443/tcp")})
    assert plan.controls[0].environment == {"HM_WORDS": "22/tcp 443/tcp"}


def test_a_fact_that_the_recipe_lacks_is_named(tmp_path: Path) -> None:
    write_control(tmp_path, "a", parameter("list", 'from = "recipe.colours"'))
    assert message_of(tmp_path, profile("a"), recipe_facts={"name": "n", "listen": ()}).endswith(
        'a/control.toml: parameters.words.from: the recipe has no fact "colours"; it has: listen, name'
    )


@pytest.mark.parametrize(("value", "written"), [(True, "yes"), (False, "no")], ids=["yes", "no"])
def test_booleans_are_written_as_words(tmp_path: Path, value: bool, written: str) -> None:
    write_control(tmp_path, "a", parameter("boolean", "default = true"))
    plan = compiled(tmp_path, profile("a"), parameters={"a": {"words": value}})
    assert plan.controls[0].environment == {"HM_WORDS": written}


def test_a_wrong_type_in_the_recipe_names_recipe_and_path(tmp_path: Path) -> None:
    write_control(tmp_path, "a", parameter("list", "default = []"))
    assert message_of(tmp_path, profile("a"), parameters={"a": {"words": 3}}) == (
        "recipes/r.toml: hardening.parameters.a.words: expected a list of strings without white space, got 3"
    )


def test_a_wrong_type_in_the_profile_names_profile_and_path(tmp_path: Path) -> None:
    write_control(tmp_path, "a", parameter("integer", "default = 1"))
    assert message_of(tmp_path, profile("a", a={"words": "x"})) == (
        "profiles/p.toml: parameters.a.words: expected an integer, got 'x'"
    )


def test_an_unknown_parameter_names_those_that_exist(tmp_path: Path) -> None:
    write_control(tmp_path, "a", parameter("list", "default = []"))
    assert message_of(tmp_path, profile("a"), parameters={"a": {"word": []}}) == (
        "recipes/r.toml: hardening.parameters.a.word: unknown parameter; this control has: words"
    )


def test_parameters_of_an_unknown_control_are_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    assert message_of(tmp_path, profile("a"), parameters={"b": {"x": 1}}) == (
        'recipes/r.toml: hardening.parameters.b: there is no control "b"'
    )


def test_a_waiver_holds_on_its_last_day(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    plan = compiled(tmp_path, profile("a"), waivers=(Waiver("a", "because", TODAY),))
    assert plan.controls[0].waiver == "because"
    assert plan.files()["plan/waived"] == b"a\n"


def test_an_expired_waiver_is_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    waiver = Waiver("a", "because", TODAY - dt.timedelta(days=1))
    assert message_of(tmp_path, profile("a"), waivers=(waiver,)) == (
        'recipes/r.toml: hardening.waivers[0].expires: the waiver of "a" expired on 2026-11-21; '
        "satisfy the control, or decide anew and set a later day"
    )


def test_a_waiver_for_nothing_is_refused(tmp_path: Path) -> None:
    for name in "ab":
        write_control(tmp_path, name)
    assert message_of(tmp_path, profile("a"), waivers=(Waiver("b", "because", TODAY),)) == (
        'recipes/r.toml: hardening.waivers[0].control: "b" is not in the plan, so there is nothing to waive'
    )


def test_a_waiver_of_a_control_that_is_spelt_wrong_names_those_that_are_near(tmp_path: Path) -> None:
    names = ("default-umask", "default-limits", "ssh-access")
    for name in names:
        write_control(tmp_path, name)
    said = message_of(tmp_path, profile(*names), waivers=(Waiver("defalt-umask", "because", TODAY),))
    assert said.endswith("so there is nothing to waive; did you mean default-umask or default-limits?")


def test_a_second_waiver_for_the_same_control_is_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    waivers = (Waiver("a", "because", TODAY), Waiver("a", "still", TODAY))
    assert message_of(tmp_path, profile("a"), waivers=waivers) == (
        'recipes/r.toml: hardening.waivers[1].control: "a" is waived twice'
    )


# --- the plan's files ---


def planned(name: str, **environment: str) -> PlannedControl:
    return PlannedControl(id=name, title=name, requirements=("P1",), environment=environment)


def test_the_plan_is_a_line_and_an_environment_file_a_control() -> None:
    plan = Plan(controls=(planned("b", HM_X="1 2"), planned("a")))
    assert plan.files() == {
        "plan/plan": b"b\na\n",
        "plan/waived": b"",
        "plan/env/b": b"HM_X='1 2'\n",
        "plan/env/a": b"",
    }


@given(st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=40))
def test_a_shell_reads_back_any_value(value: str) -> None:
    text = Plan(controls=(planned("a", HM_X=value),)).files()["plan/env/a"]
    done = subprocess.run(
        ["/bin/sh", "-c", '. /dev/stdin; printf %s "$HM_X"'], input=text, capture_output=True, check=True
    )
    assert done.stdout.decode() == value


def test_the_fingerprint_changes_with_order_values_and_waivers() -> None:
    a, b = planned("a", HM_X="1"), planned("b")
    plans = [
        Plan(controls=(a, b)),
        Plan(controls=(b, a)),
        Plan(controls=(planned("a", HM_X="2"), b)),
        Plan(controls=(PlannedControl(id="a", title="", requirements=(), environment=a.environment, waiver="w"), b)),
    ]
    assert len({plan.fingerprint for plan in plans}) == len(plans)
    assert Plan(controls=(a, b)).fingerprint == plans[0].fingerprint


def test_the_lock_is_written_sorted_for_the_guest() -> None:
    packages = (Locked("zlib", "amd64", None, "1"), Locked("apt", "amd64", "1", "2", cves=("CVE-2026-1", "CVE-2026-2")))
    assert lock_table(packages) == (
        b"apt\tamd64\t2\t1\ttrixie-security\tCVE-2026-1,CVE-2026-2\nzlib\tamd64\t1\t-\ttrixie-security\t-\n"
    )


def test_what_is_expected_is_the_base_with_the_lock_over_it() -> None:
    base = (Installed("apt", "1", "amd64"), Installed("bash", "5", "amd64"))
    assert expected_table(base, (Locked("apt", "amd64", "1", "2"), Locked("new", "all", None, "7"))) == (
        b"apt\t2\tamd64\nbash\t5\tamd64\nnew\t7\tall\n"
    )


def test_a_package_whose_upgrade_is_for_all_architectures_is_expected_once() -> None:
    base = (Installed("certs", "1", "amd64"), Installed("libc6", "2", "amd64"), Installed("libc6", "2", "i386"))
    lock = (Locked("certs", "all", "1", "2"), Locked("libc6", "amd64", "2", "3"), Locked("libc6", "i386", "2", "3"))
    assert expected_table(base, lock) == b"certs\t2\tall\nlibc6\t3\tamd64\nlibc6\t3\ti386\n"


def test_the_recipes_environment_is_quoted() -> None:
    text = recipe_environment({"HALLMARK_PURPOSE": "it's a server", "HALLMARK_IMAGE": "x"}).decode()
    assert shlex.split(text) == ["HALLMARK_IMAGE=x", "HALLMARK_PURPOSE=it's a server"]


# --- packages, references and tables ---

TABLE = """
[table]
columns = ["key", "value"]
rows = [["a.b", "1"], ["c.d", "2", "because"]]
"""


def test_what_a_control_needs_of_packages_joins_the_recipes(tmp_path: Path) -> None:
    write_control(tmp_path, "a", 'packages = ["fail2ban", "nftables"]\n')
    write_control(tmp_path, "b", 'packages = ["nftables"]\n' + parameter("list", 'from = "recipe.packages"'))
    plan = compiled(tmp_path, profile("a", "b"), recipe_facts={"packages": ("nginx", "fail2ban")})
    assert plan.packages == {"fail2ban": ("a",), "nftables": ("a", "b")}
    assert plan.controls[1].environment == {"HM_WORDS": "nginx fail2ban nftables"}


def test_a_waived_control_needs_no_packages(tmp_path: Path) -> None:
    write_control(tmp_path, "a", 'packages = ["fail2ban"]\n')
    waiver = Waiver("a", "for now", TODAY)
    assert compiled(tmp_path, profile("a"), recipe_facts={"packages": ()}, waivers=[waiver]).packages == {}


@pytest.mark.parametrize(("words", "packages"), [([], {}), (["x"], {"rsyslog": ("a",)})])
def test_packages_may_hang_on_a_parameter(tmp_path: Path, words: list[str], packages: dict[str, tuple[str]]) -> None:
    write_control(
        tmp_path, "a", 'packages = ["rsyslog"]\npackages_when = "words"\n' + parameter("list", "default = []")
    )
    assert compiled(tmp_path, profile("a"), parameters={"a": {"words": words}}).packages == packages


@pytest.mark.parametrize(("words", "gone"), [([], set()), (["x"], {"systemd-timesyncd"})])
def test_what_its_packages_replace_goes_with_them(tmp_path: Path, words: list[str], gone: set[str]) -> None:
    needs = 'packages = ["chrony"]\npackages_when = "words"\nreplaces = ["systemd-timesyncd"]\n'
    write_control(tmp_path, "a", needs + parameter("list", "default = []"))
    assert compiled(tmp_path, profile("a"), parameters={"a": {"words": words}}).replaces == gone


def test_a_table_goes_to_the_guest_with_its_reasons(tmp_path: Path) -> None:
    write_control(tmp_path, "a", TABLE)
    plan = compiled(tmp_path, profile("a"))
    assert plan.files()["plan/table/a"] == b"a.b\t1\t-\nc.d\t2\tbecause\n"


def test_profile_and_recipe_change_a_table_by_its_keys(tmp_path: Path) -> None:
    write_control(tmp_path, "a", TABLE)
    mine = {"rows": [["a.b", "7", "ours"], ["e.f", "3"]], "without": ["g.h"]}
    plan = compiled(tmp_path, profile("a", a={"rows": [["g.h", "4"]]}), parameters={"a": mine})
    assert plan.controls[0].table == (("a.b", "7", "ours"), ("c.d", "2", "because"), ("e.f", "3", "-"))
    assert plan.fingerprint != compiled(tmp_path, profile("a")).fingerprint


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rows": [["a.b"]]}, "rows: expected [key, value] and perhaps a reason, as text, got ['a.b']"),
        ({"rows": [["a.b", 1]]}, "rows: expected [key, value] and perhaps a reason, as text, got ['a.b', 1]"),
        (
            {"rows": [["a.b", "x\ty"]]},
            r"rows: expected [key, value] and perhaps a reason, as text, got ['a.b', 'x\ty']",
        ),
        ({"rows": "a.b"}, "rows: expected a list of rows, got 'a.b'"),
        ({"without": ["x.y"]}, "without: the table has no row 'x.y'"),
        ({"sans": []}, "sans: unknown parameter; this control has: rows, without"),
    ],
)
def test_a_wrong_change_of_a_table_names_recipe_and_place(tmp_path: Path, values: Any, message: str) -> None:
    write_control(tmp_path, "a", TABLE)
    assert (
        message_of(tmp_path, profile("a"), parameters={"a": values})
        == f"recipes/r.toml: hardening.parameters.a.{message}"
    )


def test_a_control_without_a_table_takes_no_rows(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    assert message_of(tmp_path, profile("a"), parameters={"a": {"rows": []}}).endswith(
        "hardening.parameters.a.rows: unknown parameter; this control has: none"
    )


def test_a_plan_of_150_controls_of_one_checkout_has_every_package_once(tmp_path: Path) -> None:
    for number in range(150):
        write_control(tmp_path, f"c{number}", f'packages = ["p{number % 10}"]\n')
    plan = compiled(tmp_path, profile(*(f"c{number}" for number in range(150))))
    assert len(plan.packages) == 10
    assert all(len(controls) == 15 for controls in plan.packages.values())
