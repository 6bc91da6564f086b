"""What a guest hands back when all went well, made from the order that it was given: no guest has run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from hallmark.order.order import Order, load_order
from hallmark.verdict.acceptance import BOOTS
from hallmark.verdict.observed import Row

MACHINE_ID = "0123456789abcdef0123456789abcdef"
KERNEL = "6.12.9-cloud-amd64"


def isolation(expected_network: str) -> str:
    """The report of a probe that found what it was told to expect, and nothing else."""
    return f"expected: {expected_network}\nroutes: none\nall probed\n"


def tell_of_probes(results: Path, user_data: str) -> None:
    """Each report on the isolation in `results` says that the addresses which the user data hand over do not answer."""
    found = re.search(r"^HALLMARK_PROBES='([^']*)'$", user_data, re.MULTILINE)
    lines = (probe.partition("=")[::2] for probe in (found[1].split() if found else ()))
    told = "".join(f"connection to {address} ({name}, as the host has resolved it): none\n" for address, name in lines)
    for report in results.rglob("isolation*.txt"):
        report.write_text(report.read_text().replace("all probed\n", f"{told}all probed\n"))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    write(path, "".join("\t".join(row) + "\n" for row in rows))


def write_controls(folder: Path, order: Order) -> None:
    for row in order.plan:
        write(folder / f"{row.id}.exit", "0\n")


def write_good_build(results: Path, order: Order) -> None:
    """What a guest hands back after a build in which all went well."""
    write(results / "exit", "0\n")
    write(results / "stage", "done\n")
    write(results / "isolation.txt", isolation(order.expected_network))
    write(results / "isolation-after.txt", isolation(order.expected_network))
    write_rows(results / "inventory-before.tsv", order.inventory)
    write_rows(results / "inventory-patched.tsv", (*order.expected(), *order.superseded()))
    write_rows(results / "inventory-after.tsv", order.expected())
    write(results / "timings.tsv", "media\t30\ndone\t90\n")
    write_controls(results / "controls", order)


def answer(cache: Path, wanted: str, results: Path) -> tuple[str, str]:
    """What a good guest hands back whose media `wanted` names by their manifest; the recipe's name and the mode.

    The order is looked for among those in `cache`. Of media that no order names: an inventory, for no recipe.
    """
    for path in sorted((cache / "plans").glob("order-*.json"), key=lambda p: -p.stat().st_mtime_ns):
        order = load_order(path)
        if order.build_manifest in wanted:
            write_good_build(results, order)
            return order.recipe, "build"
        if order.acceptance_manifest in wanted:
            write_good_acceptance(results, order)
            return order.recipe, "accept"
    return "", "inventory"


def write_good_acceptance(results: Path, order: Order) -> None:
    """What a candidate that is fit hands back, of both of its boots."""
    for folder in BOOTS.values():
        _write_good_boot(results / folder, order)


def _write_good_boot(results: Path, order: Order) -> None:
    facts = {
        "system-state": "running",
        "multi-user": "active",
        "kernel": KERNEL,
        "kernels": KERNEL,
        "machine-id": MACHINE_ID,
        "host-keys": "256 SHA256:abc root@web (ED25519)",
        "cloud-init.json": '{"status": "done"}',
    }
    for name, text in facts.items():
        write(results / "facts" / name, f"{text}\n")
    write(results / "exit", "0\n")
    write(results / "stage", "done\n")
    write(results / "isolation.txt", isolation(order.expected_network))
    write_rows(results / "inventory-acceptance.tsv", order.expected())
    write_controls(results / "controls", order)
    for name in order.acceptance_scripts:
        write(results / "recipe" / f"{name}.exit", "0\n")
