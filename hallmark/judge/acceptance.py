"""The host's judgement of a booted candidate."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hallmark.guest.console import clean
from hallmark.guest.task import read_text
from hallmark.judge.judgement import Verdict, judge
from hallmark.judge.observed import compare_packages, read_controls, read_inventory, surprises
from hallmark.order.order import Order


def judge_acceptance(order: Order, results: Path, evidence: Path) -> tuple[list[str], Verdict]:
    """The host's judgement of a booted candidate; the problems are empty when it is fit."""
    verdict = judge(order.compiled_plan(), read_controls(results / "controls"))
    problems = [*_judge_boot(results / "facts"), *surprises(results, "isolation.txt", order.surroundings)]
    problems += compare_packages(
        read_inventory(evidence / "build" / "inventory-after.tsv"),
        read_inventory(results / "inventory-acceptance.tsv"),
        where="acceptance",
    )
    if not verdict.good:
        problems.append(f"controls: {verdict.summary()}")
    for name in order.acceptance_scripts:
        code = read_text(results, f"recipe/{name}.exit")
        if code != "0":
            problems.append(f"acceptance script {name}: exit code {code or 'none: it did not run'}")
    return problems, verdict


def _judge_boot(facts: Path) -> list[str]:
    problems = []
    state = read_text(facts, "system-state")
    if state != "running":
        units = read_text(facts, "failed-units").replace("\n", ", ")
        problems.append(
            f"boot: expected the system to be running, it is {state or 'unknown'}; failed units: {units or 'none'}"
        )
    if read_text(facts, "multi-user") != "active":
        problems.append("boot: multi-user.target was not reached")
    kernels = read_text(facts, "kernels").splitlines()
    if not kernels or read_text(facts, "kernel") != kernels[-1]:
        newest = kernels[-1] if kernels else "none"
        problems.append(f"boot: expected the newest kernel, {newest}, to be running, got {read_text(facts, 'kernel')}")
    if not re.fullmatch(r"[0-9a-f]{32}", read_text(facts, "machine-id")):
        problems.append("first boot: no new machine-id")
    if not read_text(facts, "host-keys"):
        problems.append("first boot: no SSH host keys")
    status = _cloud_init_status(facts)
    if status not in ("done", ""):
        problems.append(f"first boot: cloud-init ended as {status}")
    return problems


def _cloud_init_status(facts: Path) -> str:
    """cloud-init's own word; empty when the image has none."""
    text = read_text(facts, "cloud-init.json")
    try:
        return clean(str(json.loads(text)["status"])) if text else ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return "unreadable"
