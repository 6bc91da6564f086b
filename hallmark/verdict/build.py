"""The host's judgement of a finished build."""

from __future__ import annotations

from pathlib import Path

from hallmark.order.order import Order
from hallmark.verdict.judgement import Verdict, findings, judge
from hallmark.verdict.observed import compare_packages, read_controls, read_inventory, surprises


def judge_build(order: Order, results: Path) -> tuple[Verdict, list[str]]:
    """The host's judgement of a finished build: isolation, packages, controls; no problems when it is good."""
    expected = frozenset(order.expected())
    superseded = order.superseded()
    after = read_inventory(results / "inventory-after.tsv")
    controls = read_controls(results / "controls")
    verdict = judge(order.compiled_plan(), controls)
    problems = surprises(results, "isolation.txt", order.expected_network)
    problems += surprises(results, "isolation-after.txt", order.expected_network)
    problems += compare_packages(order.inventory, read_inventory(results / "inventory-before.tsv"), where="before")
    problems += compare_packages(
        (*expected, *superseded), read_inventory(results / "inventory-patched.tsv"), where="patched"
    )
    problems += [
        f"after: {name} {version} is in neither base nor lock"
        for name, version, arch in after
        if (name, version, arch) not in expected
    ]
    if not after:
        problems.append("after: expected an inventory, got none")
    if not verdict.good:
        problems.append("\n".join([f"controls: {verdict.summary()}", *findings(verdict, controls)]))
    return verdict, problems
