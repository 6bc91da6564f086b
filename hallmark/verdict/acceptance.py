"""The host's judgement of a candidate that has booted twice: as a new machine, and after a restart."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hallmark.guest.console import clean
from hallmark.guest.task import FIRST_BOOT, read_text
from hallmark.order.order import Order
from hallmark.verdict.judgement import Verdict, findings, judge, quote
from hallmark.verdict.observed import compare_packages, read_controls, read_inventory, surprises

# What cloud-init may complain of in an acceptance, as a whole line each (regular expressions): nothing, so far.
KNOWN_CLOUD_INIT_ERRORS: tuple[str, ...] = ()


BOOTS = {"first boot": FIRST_BOOT, "second boot": "."}
"""Name of a boot → the folder of its results, below those of the acceptance."""
# What a machine makes once, in its first boot, and keeps: its name in the facts, what it is, its form.
_LASTING = (
    ("machine-id", "machine-id", re.compile(r"[0-9a-f]{32}")),
    ("host-keys", "SSH host keys", re.compile(r".+", re.DOTALL)),
)


def boots_of(results: Path) -> dict[str, str]:
    """The boots that left results, as in BOOTS. Where a script of the recipe failed in the first there was no other."""
    return BOOTS if (results / FIRST_BOOT).is_dir() else {"first boot": "."}


def judge_acceptance(order: Order, results: Path, evidence: Path) -> tuple[list[str], dict[str, Verdict]]:
    """What speaks against a candidate, empty when it is fit; and the verdict on its controls in each boot."""
    found, verdicts, boots = {}, {}, boots_of(results)
    for boot, folder in boots.items():
        found[boot], verdicts[f"acceptance, {boot}"] = _judge_one(order, results / folder, evidence)
    if len(boots) == 1:
        return found["first boot"] or ["there was no second boot"], verdicts
    in_both = [problem for problem in found["first boot"] if problem in found["second boot"]]
    problems = [
        *in_both,
        *(f"{boot}: {problem}" for boot in boots for problem in found[boot] if problem not in in_both),
    ]
    for name, what, form in _LASTING:
        first, second = (read_text(results / folder / "facts", name) for folder in BOOTS.values())
        if first != second and form.fullmatch(first) and form.fullmatch(second):
            problems.append(f"second boot: other {what} than in the first: {first}; now {second}".replace("\n", ", "))
    return problems, verdicts


def _judge_one(order: Order, results: Path, evidence: Path) -> tuple[list[str], Verdict]:
    controls = read_controls(results / "controls")
    verdict = judge(order.compiled_plan(), controls)
    problems = [*_judge_boot(results / "facts"), *surprises(results, "isolation.txt", order.expected_network)]
    problems += compare_packages(
        read_inventory(evidence / "build" / "inventory-after.tsv"),
        read_inventory(results / "inventory-acceptance.tsv"),
        where="acceptance",
    )
    if not verdict.good:
        problems.append("\n".join([f"controls: {verdict.summary()}", *findings(verdict, controls)]))
    for name in order.acceptance_scripts:
        code = read_text(results, f"recipe/{name}.exit")
        if code != "0":
            said = quote(name, read_text(results, f"recipe/{name}.out"))
            problems.append("\n".join([f"acceptance script {name}: exit code {code or 'none: it did not run'}", *said]))
    return problems, verdict


def _judge_boot(facts: Path) -> list[str]:
    problems = []
    state = read_text(facts, "system-state")
    if state != "running":
        units = read_text(facts, "failed-units").replace("\n", ", ")
        problems.append(
            f"expected the system to be running, it is {state or 'unknown'}; failed units: {units or 'none'}"
        )
    if read_text(facts, "multi-user") != "active":
        problems.append("multi-user.target was not reached")
    kernels = read_text(facts, "kernels").splitlines()
    if not kernels or read_text(facts, "kernel") != kernels[-1]:
        newest = kernels[-1] if kernels else "none"
        problems.append(f"expected the newest kernel, {newest}, to be running, got {read_text(facts, 'kernel')}")
    problems += [f"no {what}" for name, what, form in _LASTING if not form.fullmatch(read_text(facts, name))]
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
        return ["cloud-init ended as unreadable"]
    unknown = [error for error in errors if not any(re.fullmatch(known, error) for known in KNOWN_CLOUD_INIT_ERRORS)]
    if status not in ("done", "degraded done") or (status != "done" and not errors):
        return [f"cloud-init ended as {status}"]
    return [f"cloud-init: {error}" for error in unknown]
