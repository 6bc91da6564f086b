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

# What cloud-init may complain of in an acceptance, as a whole line each (regular expressions): nothing, so far.
KNOWN_CLOUD_INIT_ERRORS: tuple[str, ...] = ()


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
    return [*problems, *_judge_cloud_init(read_text(facts, "cloud-init.json"))]


def _judge_cloud_init(text: str) -> list[str]:
    """What cloud-init says of itself; nothing when the image has none.

    It calls itself done, too, when it has left something out: then its "recoverable errors" say what.
    """
    if not text:
        return []
    try:
        report = json.loads(text)
        status = clean(str(report.get("extended_status", report["status"])))
        errors = [clean(str(e)) for level in dict(report.get("recoverable_errors", {})).values() for e in level]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ["first boot: cloud-init ended as unreadable"]
    unknown = [error for error in errors if not any(re.fullmatch(known, error) for known in KNOWN_CLOUD_INIT_ERRORS)]
    if status not in ("done", "degraded done") or (status != "done" and not errors):
        return [f"first boot: cloud-init ended as {status}"]
    return [f"first boot: cloud-init: {error}" for error in unknown]
