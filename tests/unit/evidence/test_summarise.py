"""The summary of an image says what an auditor asks: what was found, what is in it, what is not covered, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.debian.inventory import InstalledPackage, Inventory
from hallmark.evidence.summarise import summarise
from hallmark.evidence.summary import Finding, RemovedPackage, Summary, Waiver
from hallmark.evidence.summary import InstalledPackage as Installed
from hallmark.order.order import Order
from hallmark.verdict.acceptance import BOOTS
from hallmark.verdict.judgement import Verdict, judge
from hallmark.verdict.observed import read_controls
from tests.support.examples import INVENTORY, LOCK, Project, append, replace
from tests.support.good_results import write, write_good_acceptance, write_good_build, write_rows

WAIVER = '\n[[hardening.waivers]]\ncontrol = "beta"\nreason = "old site"\nexpires = 2099-12-31\n'
MITIGATION = """
[[mitigation]]
cve = "CVE-2026-9999"
package = "openssl"
reason = "no patch yet"
expires = 2099-12-24
control = "gamma"
"""
NETCAT = InstalledPackage(name="netcat", version="1.2-3", architecture="amd64")
TAIL = InstalledPackage(name="tail-of-it", version="2-1", architecture="amd64")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project")
    append(project.recipe_file, WAIVER + MITIGATION)
    replace(
        project.scripts / "controls" / "alpha" / "control.toml",
        'severity = "low"',
        'severity = "high"\nmay_not_apply = "there is nothing to do"\n[table]\ncolumns = ["key"]\nrows = [["a"]]\n',
    )
    return project


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def verdicts(order: Order, evidence: Path) -> dict[str, Verdict]:
    plan, acceptance = order.compiled_plan(), evidence / "acceptance"
    boots = {f"acceptance, {name}": acceptance / folder for name, folder in BOOTS.items()}
    looks = {"build": evidence / "build", **boots}
    return {phase: judge(plan, read_controls(folder / "controls")) for phase, folder in looks.items()}


def summary_of(order: Order, evidence: Path) -> Summary:
    return summarise(order, evidence, "accepted", verdicts(order, evidence))


def good(project: Project, evidence: Path) -> Order:
    order = project.order(inventory=Inventory(packages=(*INVENTORY.packages, NETCAT, TAIL)))
    write_good_build(evidence / "build", order)
    write_good_acceptance(evidence / "acceptance", order)
    return order


def test_every_control_has_title_severity_parameters_rows_and_a_finding_of_each_look(
    project: Project, evidence: Path
) -> None:
    alpha, beta, gamma = summary_of(good(project, evidence), evidence).controls
    assert (alpha.id, alpha.title, alpha.severity, alpha.requirements) == ("alpha", "Control alpha", "high", ("P1",))
    assert (alpha.parameters, alpha.rows) == ({"words": "one"}, (("a", "-"),))
    assert list(alpha.findings) == ["build", "acceptance, first boot", "acceptance, second boot"]
    assert set(alpha.findings.values()) == {Finding(verdict="passed")}
    assert (alpha.waiver, beta.waiver) == (None, Waiver(reason="old site", expires="2099-12-31"))
    assert gamma.id == "gamma"


def test_fail_lines_and_the_reason_of_not_applicable_are_quoted_and_nothing_else(
    project: Project, evidence: Path
) -> None:
    order = good(project, evidence)
    build, boot = evidence / "build" / "controls", evidence / "acceptance" / "controls"
    write(build / "alpha.out", "looked at it\nNOT APPLICABLE no such device\n")
    write(build / "alpha.exit", "3\n")
    write(boot / "beta.out", "looked\nFAIL /etc/x is \x1b[31mopen\nFAIL /etc/y\n2 finding(s)\n")
    write(boot / "beta.exit", "1\n")
    write(boot / "gamma.out", "line 7: syntax error\n")
    write(boot / "gamma.exit", "2\n")
    alpha, beta, gamma = summary_of(order, evidence).controls
    assert alpha.findings["build"] == Finding(verdict="not applicable", lines=("no such device",))
    second = "acceptance, second boot"
    assert beta.findings[second] == Finding(verdict="waived", lines=("FAIL /etc/x is open", "FAIL /etc/y"))
    assert gamma.findings[second] == Finding(verdict="error", lines=("line 7: syntax error",))


def test_a_check_that_says_a_great_deal_is_cut_with_the_number_of_the_rest(project: Project, evidence: Path) -> None:
    order = good(project, evidence)
    write(evidence / "build" / "controls" / "alpha.out", "FAIL it\n" * 50)
    write(evidence / "build" / "controls" / "alpha.exit", "1\n")
    lines = summary_of(order, evidence).controls[0].findings["build"].lines
    assert (len(lines), lines[-1]) == (21, "and 30 more")


def test_what_was_not_judged_has_no_finding(project: Project, evidence: Path) -> None:
    summary = summarise(project.order(), evidence, "failed", {}, problems=["no room"])
    assert [dict(control.findings) for control in summary.controls] == [{}, {}, {}]
    assert (summary.packages, summary.removed, summary.problems) == ((), (), ("no room",))


def test_packages_say_where_they_come_from_and_what_left_says_why(project: Project, evidence: Path) -> None:
    order = good(project, evidence)
    left = {"netcat", "tail-of-it"}
    write_rows(evidence / "build" / "inventory-after.tsv", [row for row in order.expected() if row[0] not in left])
    write(evidence / "build" / "apply" / "alpha.out", "purging: netcat\nRemoving netcat\n")
    summary = summary_of(order, evidence)
    origins = {package.name: package.origin for package in summary.packages}
    assert origins["base-files"] == "base"
    assert (origins["openssl"], origins["nginx"]) == ("patched", "added")
    assert summary.packages[0] == Installed(name="base-files", version="13.8", architecture="amd64", origin="base")
    assert summary.removed == (
        RemovedPackage(name="linux-image-6.12.8-cloud-amd64", version="6.12.8-1", why="another kernel took its place"),
        RemovedPackage(name="netcat", version="1.2-3", why="removed by the control alpha"),
        RemovedPackage(name="tail-of-it", version="2-1", why="removed with what needed it"),
    )
    assert summary.packages_before == 5


def test_every_cve_and_every_patch_is_there(project: Project, evidence: Path) -> None:
    order = good(project, evidence)
    many = tuple(f"CVE-2026-{number:04}" for number in range(40))
    packages = tuple(p.model_copy(update={"cves": many}) if p.name == "openssl" else p for p in LOCK.packages)
    order = project.order(lock=LOCK.model_copy(update={"packages": packages}))
    summary = summarise(order, evidence, "candidate", {})
    assert summary.cves == dict.fromkeys(many, ("openssl",))
    assert [(patch.name, patch.before) for patch in summary.patches] == [
        ("linux-image-6.12.9-cloud-amd64", None),
        ("nginx", None),
        ("openssl", "3.5.1-1"),
    ]


def test_identity_and_purpose_are_the_orders_and_the_recipes(project: Project, evidence: Path) -> None:
    order = good(project, evidence)
    summary = summary_of(order, evidence)
    assert summary.identity is not None
    assert summary.identity.image == f"web-{order.fingerprint[:16]}"
    assert (summary.identity.fingerprint, summary.identity.acceptance) == (
        order.fingerprint,
        order.acceptance_fingerprint,
    )
    assert summary.purpose is not None
    assert (summary.purpose.purpose, summary.purpose.listen) == ("serves pages", ("22/tcp",))
    (mitigation,) = summary.mitigations
    assert (mitigation.cve, mitigation.control, mitigation.expires) == ("CVE-2026-9999", "gamma", "2099-12-24")


def test_what_is_not_covered_says_why(project: Project, evidence: Path) -> None:
    order = good(project, evidence)
    for folder in ("build", "acceptance/first-boot", "acceptance"):
        write(evidence / folder / "controls" / "alpha.exit", "3\n")
        write(evidence / folder / "controls" / "alpha.out", "NOT APPLICABLE the recipe names no server\n")
    write(evidence / "acceptance" / "controls" / "gamma.exit", "1\n")
    gaps = {gap.requirement: gap.why for gap in summary_of(order, evidence).not_covered}
    assert gaps["P1"].split("; ") == [
        "alpha: not applicable, the recipe names no server",
        "beta is waived until 2099-12-31: old site",
        "gamma: failed (acceptance, second boot)",
    ]
    assert gaps["T2"] == "the recipe asks no tool of others to judge the image"
    assert gaps["A1"] == "no control of the profile answers it"
    assert "P6" not in gaps  # the patch media are a gate of the pipeline


def test_probes_and_timings_are_told_by_their_moment(project: Project, evidence: Path) -> None:
    summary = summary_of(good(project, evidence), evidence)
    assert summary.isolation["before the build"][-1] == "all probed"
    assert summary.isolation["acceptance, second boot"][0] == "expected: none"
    assert summary.timings == {"build: power-on": 30.0, "build: media": 60.0}
