"""Gathers the evidence of one image, or of a failed build, from a run's work folder into one folder with an index."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hallmark.common.errors import BuildError, HallmarkError, StoreError
from hallmark.debian.lock import write_lock
from hallmark.evidence.index import write_index
from hallmark.evidence.summarise import summarise
from hallmark.evidence.summary import Artefact, JudgeSummary, Made, Summary, load_summary
from hallmark.guest.checks_archive import keep_checks
from hallmark.guest.task import CONSOLE, RESULTS
from hallmark.order.order import Order
from hallmark.store.store import Store
from hallmark.verdict.judgement import Verdict, judge
from hallmark.verdict.observed import read_controls
from hallmark.verdict.scores import JUDGES

ACCEPTANCE_CONSOLE = "acceptance-console.log"


def gather_evidence(order: Order, work: Path, made: Made, verdict: Verdict) -> Path:
    """Put all that was measured of a good build into `work`/evidence, with summary and index; return the folder."""
    evidence = work / "evidence"
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, evidence / "build")
    shutil.copyfile(work / CONSOLE, evidence / "build-console.log")
    write_lock(order.lock, evidence / "patch-lock.json")
    (evidence / "recipe.toml").write_text(order.recipe_text)
    (evidence / "order.json").write_text(order.model_dump_json(indent=1))
    write_index(evidence, summarise(order, evidence, "candidate", {"build": verdict}, made={"build": made}))
    return evidence


def bind_evidence(evidence: Path, artefact: Artefact) -> None:
    """Write into the evidence of a build which disk it is of, once that is known."""
    summary = load_summary(evidence)
    if summary is not None and summary.identity is not None:
        identity = summary.identity.model_copy(update={"artefact": artefact})
        write_index(evidence, summary.model_copy(update={"identity": identity}))


def add_evidence(
    order: Order,
    evidence: Path,
    work: Path,
    problems: Sequence[str],
    accepted: Mapping[str, Verdict],
    *,
    made: Made,
    artefact: Artefact,
    judges: tuple[JudgeSummary, ...] = (),
) -> None:
    """Put what acceptance saw beside the build's evidence, in place of an earlier acceptance's.

    `accepted` has the verdict of each boot, by its name. When the build was made is in its own summary, where it has
    one.
    """
    target = evidence / "acceptance"
    if target.exists():
        shutil.rmtree(target)
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, target)
    keep_acceptance_console(evidence, work)
    (evidence / "order.json").write_text(order.model_dump_json(indent=1))
    keep_checks(order, evidence)
    before = load_summary(evidence)
    summary = summarise(
        order,
        evidence,
        "rejected" if problems else "accepted",
        {"build": judge(order.compiled_plan(), read_controls(evidence / "build" / "controls")), **accepted},
        problems=problems,
        made={**(before.made if before else {}), "acceptance": made},
        artefact=artefact,
        judges=judges,
    )
    write_index(evidence, summary)


def add_judges(evidence: Path, results: Path, judges: Sequence[JudgeSummary]) -> None:
    """Put what judges came to, who were asked later, into the evidence of an image; reports in judges/LABEL.

    They replace what the same judges said before. StoreError when the evidence has no summary.
    """
    summary = load_summary(evidence)
    if summary is None:
        raise StoreError(f"{evidence}: expected a summary.json to add to; the image was made by an older Hallmark")
    labels = {each.label for each in judges}
    for label in labels:
        target = evidence / JUDGES / label
        if target.exists():
            shutil.rmtree(target)
        if (results / JUDGES / label).exists():
            shutil.copytree(results / JUDGES / label, target)
    kept = (each for each in summary.judges if each.label not in labels)
    together = tuple(sorted((*kept, *judges), key=lambda each: each.label))
    write_index(evidence, summary.model_copy(update={"judges": together}))


def keep_acceptance_console(evidence: Path, work: Path) -> None:
    """Keep what the acceptance's machine printed, where it printed something."""
    if (work / CONSOLE).exists():
        shutil.copyfile(work / CONSOLE, evidence / ACCEPTANCE_CONSOLE)


def keep_failure(store: Store, order: Order, work: Path, error: HallmarkError, made: Made) -> BuildError:
    """Keep what a failed build measured; the error then names the place where it is kept."""

    def summary(folder: Path) -> Summary:
        # What its controls came to counts as well, where it got so far.
        results = read_controls(folder / "build" / "controls")
        verdicts = {"build": judge(order.compiled_plan(), results)} if results else {}
        return summarise(
            order, folder, "failed", verdicts, problems=_told(error, work).splitlines(), made={"build": made}
        )

    return keep_evidence_of(store, order.recipe, work, error, summary)


def _told(error: HallmarkError, work: Path) -> str:
    """What an error says, for a file beside the kept console: the work folder will be gone."""
    return str(error).replace(str(work / CONSOLE), CONSOLE)


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
    (evidence / "error.txt").write_text(f"{_told(error, work)}\n")
    write_index(evidence, summary(evidence))
    kept = store.keep_failure(name, evidence)
    text = str(error).replace(str(work / CONSOLE), str(kept / CONSOLE))
    failed = BuildError(f"{name}: {text}\nevidence: {kept}")
    if error.exit_code != HallmarkError.exit_code:
        failed.exit_code = error.exit_code  # that of a mirror, an account or a host that is not fit
    return failed
