"""Gathers the evidence of one image, or of a failed build, from a run's work folder into one folder with an index."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hallmark.common.errors import BuildError, HallmarkError
from hallmark.debian.lock import write_lock
from hallmark.evidence.index import Summary, write_index
from hallmark.guest.checks_archive import keep_checks
from hallmark.guest.task import CONSOLE, RESULTS, read_text
from hallmark.judge.acceptance import BOOTS
from hallmark.judge.judgement import Verdict, judge
from hallmark.judge.observed import read_controls, read_inventory, read_timings
from hallmark.order.order import Order
from hallmark.store.store import Store

ACCEPTANCE_CONSOLE = "acceptance-console.log"


def gather_evidence(order: Order, work: Path, outcome: str, verdict: Verdict | None) -> Path:
    """Put all that was measured into `work`/evidence, with its index; return the folder."""
    evidence = work / "evidence"
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, evidence / "build")
    shutil.copyfile(work / CONSOLE, evidence / "build-console.log")
    write_lock(order.lock, evidence / "patch-lock.json")
    (evidence / "recipe.toml").write_text(order.recipe_text)
    (evidence / "order.json").write_text(order.model_dump_json(indent=1))
    write_index(evidence, summarise(order, evidence, outcome, {"build": verdict} if verdict else {}))
    return evidence


def add_evidence(
    order: Order, evidence: Path, work: Path, problems: Sequence[str], accepted: Mapping[str, Verdict]
) -> None:
    """Put what acceptance saw beside the build's evidence, in place of an earlier acceptance's.

    `accepted` has the verdict of each boot, by its name.
    """
    target = evidence / "acceptance"
    if target.exists():
        shutil.rmtree(target)
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, target)
    keep_acceptance_console(evidence, work)
    (evidence / "order.json").write_text(order.model_dump_json(indent=1))
    keep_checks(order, evidence)
    built = judge(order.compiled_plan(), read_controls(evidence / "build" / "controls"))
    verdicts = {"build": built, **accepted}
    outcome = "rejected: " + "; ".join(problems) if problems else "accepted"
    write_index(evidence, summarise(order, evidence, outcome, verdicts))


def keep_acceptance_console(evidence: Path, work: Path) -> None:
    """Keep what the acceptance's machine printed, where it printed something."""
    if (work / CONSOLE).exists():
        shutil.copyfile(work / CONSOLE, evidence / ACCEPTANCE_CONSOLE)


def summarise(order: Order, evidence: Path, outcome: str, verdicts: dict[str, Verdict]) -> Summary:
    """What the evidence's index says at the top."""
    build = evidence / "build"
    timings = {f"build: {name}": took for name, took in read_timings(build / "timings.tsv").items()}
    for boot, folder in BOOTS.items():
        times = read_timings(evidence / "acceptance" / folder / "timings.tsv")
        timings |= {f"acceptance, {boot}: {name}": took for name, took in times.items()}
    probes = {
        "before the build": build / "isolation.txt",
        "after the build": build / "isolation-after.txt",
        **{f"acceptance, {boot}": evidence / "acceptance" / d / "isolation.txt" for boot, d in BOOTS.items()},
    }
    return Summary(
        title=f"{order.recipe} {order.fingerprint[:16]}",
        outcome=outcome,
        facts={
            "recipe": order.recipe,
            "fingerprint": order.fingerprint,
            "base": order.base,
            "patch lock": order.lock.fingerprint,
        },
        packages_before=len(read_inventory(build / "inventory-before.tsv")),
        packages_after=len(read_inventory(build / "inventory-after.tsv")),
        patches=order.patch_summary(),
        isolation={when: read_text(path.parent, path.name).splitlines() for when, path in probes.items()},
        controls={
            phase: {
                "passed": v.passed,
                "failed": v.failed,
                "waived": v.waived,
                "not applicable": v.not_applicable,
            }
            for phase, v in verdicts.items()
        },
        timings=timings,
    )


def keep_failure(store: Store, order: Order, work: Path, error: HallmarkError) -> BuildError:
    """Keep what a failed build measured; the error then names the place where it is kept."""
    return keep_evidence_of(
        store, order.recipe, work, error, lambda folder: summarise(order, folder, f"failed: {error}", {})
    )


def keep_evidence_of(
    store: Store, name: str, work: Path, error: HallmarkError, summary: Callable[[Path], Summary]
) -> BuildError:
    """Keep what is in `work` of a failed run as a failure of `name`, with what `summary` says of it as its index."""
    evidence = work / "evidence"
    evidence.mkdir(exist_ok=True)  # add_candidate may have moved it
    for log in (CONSOLE, "qemu.log"):
        if (work / log).exists():
            shutil.copyfile(work / log, evidence / log)
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, evidence / "build")
    (evidence / "error.txt").write_text(f"{error}\n")
    write_index(evidence, summary(evidence))
    kept = store.keep_failure(name, evidence)
    text = str(error).replace(str(work / CONSOLE), str(kept / CONSOLE))
    return BuildError(f"{name}: {text}\nevidence: {kept}")
