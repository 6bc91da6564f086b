"""Turns an order, and what its guests left in the evidence, into the summary of one image. It reads only."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hallmark.controls.catalogue import GATED, NOT_YET, REQUIREMENTS
from hallmark.evidence.summary import (
    Artefact,
    ControlSummary,
    Finding,
    Gap,
    Identity,
    InstalledPackage,
    JudgeSummary,
    Made,
    MitigationSummary,
    Outcome,
    Patch,
    Purpose,
    RemovedPackage,
    Summary,
    Waiver,
)
from hallmark.guest.task import read_text
from hallmark.order.order import Order, PlannedRow
from hallmark.store.image import image_id
from hallmark.verdict.acceptance import boots_of
from hallmark.verdict.judgement import ControlResult, Verdict
from hallmark.verdict.observed import Row, read_controls, read_inventory, read_timings
from hallmark.verdict.scores import Score

_LINES = 20
_NOT_APPLICABLE = "NOT APPLICABLE "
_PURGING = "purging:"


def summarise(
    order: Order,
    evidence: Path,
    outcome: Outcome,
    verdicts: Mapping[str, Verdict],
    *,
    problems: Iterable[str] = (),
    made: Mapping[str, Made] | None = None,
    artefact: Artefact | None = None,
    judges: tuple[JudgeSummary, ...] = (),
) -> Summary:
    """All that is known of the image of an order, from the files in `evidence`.

    `verdicts` has the judgement of `build` and of each boot of the acceptance, by the names of BOOTS; of what was not
    judged there are no findings.
    """
    recipe = tomllib.loads(order.recipe_text)
    after = read_inventory(evidence / "build" / "inventory-after.tsv")
    controls = _controls(order, recipe, evidence, verdicts)
    return Summary(
        title=f"{order.recipe} {order.fingerprint[:16]}",
        outcome=outcome,
        problems=tuple(problems),
        identity=_identity(order, artefact, judged=outcome in ("accepted", "rejected")),
        purpose=Purpose(
            title=recipe["title"],
            purpose=recipe["purpose"],
            profile=recipe["hardening"]["profile"],
            administrators=order.administrators,
            listen=tuple(recipe.get("listen", ())),
        ),
        made=dict(made or {}),
        controls=controls,
        mitigations=tuple(_mitigation(each) for each in recipe.get("mitigation", ())),
        judges=judges,
        not_covered=_gaps(controls, judged=bool(order.judges)),
        cves=_cves(order),
        patches=_patches(order),
        removed=_removed(order, evidence, after) if after else (),
        packages_before=len(order.inventory),
        packages=_packages(order, after),
        isolation=_isolation(evidence),
        timings=_timings(evidence),
    )


def judge_summary(score: Score, released: Summary | None) -> JudgeSummary:
    """What one judge came to, beside what it said of the channel's present image."""
    judge = score.judge
    before = released.scores if released is not None else {}
    return JudgeSummary(
        name=judge.name,
        profile=judge.profile,
        version=score.version,
        content=score.content,
        score=score.score,
        counted=score.counted,
        least_score=judge.least_score,
        before=before.get(judge.label),
        passed=score.passed,
        not_applicable=score.not_applicable,
        failed=score.failed,
        exceptions={each.rule: each.reason for each in judge.exceptions},
        stale=score.stale,
        seconds=score.seconds,
    )


def _identity(order: Order, artefact: Artefact | None, *, judged: bool) -> Identity:
    return Identity(
        image=image_id(order.recipe, order.fingerprint),
        recipe=order.recipe,
        fingerprint=order.fingerprint,
        acceptance=order.acceptance_fingerprint if judged else None,
        base=order.base,
        patch_lock=order.lock.fingerprint,
        artefact=artefact or Artefact(),
    )


def _controls(
    order: Order, recipe: Mapping[str, Any], evidence: Path, verdicts: Mapping[str, Verdict]
) -> tuple[ControlSummary, ...]:
    expiry = {each["control"]: str(each["expires"]) for each in recipe["hardening"].get("waivers", ())}
    results = {phase: read_controls(folder / "controls") for phase, folder in _folders(evidence).items()}
    return tuple(
        ControlSummary(
            id=row.id,
            title=row.title,
            severity=row.severity,
            requirements=row.requirements,
            parameters={name.removeprefix("HM_").lower(): value for name, value in row.environment.items()},
            rows=row.table,
            waiver=_waiver(row, expiry),
            findings={
                phase: Finding(verdict=verdict.of(row.id), lines=_lines(results[phase].get(row.id)))
                for phase, verdict in verdicts.items()
            },
        )
        for row in order.plan
    )


def _waiver(row: PlannedRow, expiry: Mapping[str, str]) -> Waiver | None:
    return None if row.waiver is None else Waiver(reason=row.waiver, expires=expiry.get(row.id))


def _folders(evidence: Path) -> dict[str, Path]:
    """Where the results of the build and of each boot of the acceptance are, by the names of their verdicts."""
    accepted = evidence / "acceptance"
    boots = {f"acceptance, {boot}": accepted / folder for boot, folder in boots_of(accepted).items()}
    return {"build": evidence / "build", **boots}


def _lines(result: ControlResult | None) -> tuple[str, ...]:
    """What a check said that somebody should read: its findings, why it does not apply, or how it broke."""
    if result is None or result.exit_code == 0:
        return ()
    said = [line for line in result.output.splitlines() if line.strip()]
    telling = [line for line in said if line.startswith(("FAIL", _NOT_APPLICABLE))]
    # A check that broke has said no such word: the last lines tell why.
    shown = [line.removeprefix(_NOT_APPLICABLE) for line in telling or said[-3:]]
    more = [f"and {len(shown) - _LINES} more"] if len(shown) > _LINES else []
    return (*shown[:_LINES], *more)


def _mitigation(each: Mapping[str, Any]) -> MitigationSummary:
    return MitigationSummary(**{name: str(each[name]) for name in ("cve", "package", "control", "reason", "expires")})


def _gaps(controls: Iterable[ControlSummary], *, judged: bool) -> tuple[Gap, ...]:
    """The requirements that no control or gate answers, or of which a control is waived, does not apply or failed.

    The gate of the judges is one only where the recipe asks for some.
    """
    controls = tuple(controls)
    gaps = []
    for number, requirement in REQUIREMENTS.items():
        mine = [control for control in controls if number in control.requirements]
        reasons = [reason for control in mine for reason in _why_not(control)]
        if not mine and number not in GATED:
            reasons = [NOT_YET.get(number, "no control of the profile answers it")]
        if number == "T2" and not judged:
            reasons = ["the recipe asks no tool of others to judge the image"]
        if reasons:
            gaps.append(Gap(requirement=number, title=requirement.title, why="; ".join(reasons)))
    return tuple(gaps)


def _why_not(control: ControlSummary) -> list[str]:
    """In a few words, why a control does not fully hold; empty when it does."""
    if control.waiver is not None:
        return [f"{control.id} is waived until {control.waiver.expires}: {control.waiver.reason}"]
    told: dict[str, list[str]] = {}
    for phase, finding in control.findings.items():
        if finding.verdict != "passed":
            # Of a failure the lines are among the findings; what does not apply has one reason.
            reason = f", {finding.lines[0]}" if finding.verdict == "not applicable" and finding.lines else ""
            told.setdefault(f"{control.id}: {finding.verdict}{reason}", []).append(phase)
    everywhere = list(control.findings)
    return [text if phases == everywhere else f"{text} ({', '.join(phases)})" for text, phases in told.items()]


def _cves(order: Order) -> dict[str, tuple[str, ...]]:
    return {cve: tuple(p.name for p in order.lock.packages if cve in p.cves) for cve in order.lock.cves}


def _patches(order: Order) -> tuple[Patch, ...]:
    brought = order.compiled_plan().packages
    return tuple(
        Patch(
            name=package.name,
            version=package.to_version,
            before=package.from_version,
            suite=package.suite,
            sha256=package.sha256,
            controls=brought.get(package.name, ()),
            cves=package.cves,
        )
        for package in order.lock.packages
    )


def _packages(order: Order, after: Iterable[Row]) -> tuple[InstalledPackage, ...]:
    locked = {package.name: package.from_version for package in order.lock.packages}
    return tuple(
        InstalledPackage(
            name=name,
            version=version,
            architecture=architecture,
            origin="base" if name not in locked else "patched" if locked[name] else "added",
        )
        for name, version, architecture in after
    )


def _removed(order: Order, evidence: Path, after: Iterable[Row]) -> tuple[RemovedPackage, ...]:
    """What was in the base, or came by the lock, and is no longer there. Another version of a name is no removal."""
    kept = {name for name, _, _ in after}
    replaced = order.plan_files.get("plan/replaced", "").split()
    superseded = order.plan_files["plan/superseded"].split()
    purged = _purged_by(order, evidence)

    def why(name: str) -> str:
        if name in superseded:
            return "another kernel took its place"
        if name in replaced:
            return "a package that a control needs took its place"
        return f"removed by the control {purged[name]}" if name in purged else "removed with what needed it"

    gone = {name: version for name, version, _ in (*order.inventory, *order.expected()) if name not in kept}
    return tuple(RemovedPackage(name=name, version=gone[name], why=why(name)) for name in sorted(gone))


def _purged_by(order: Order, evidence: Path) -> dict[str, str]:
    """Package → the control whose apply says that it removed it."""
    purged: dict[str, str] = {}
    for row in order.plan:
        for line in read_text(evidence / "build" / "apply", f"{row.id}.out").splitlines():
            if line.startswith(_PURGING):
                purged |= dict.fromkeys(line.removeprefix(_PURGING).split(), row.id)
    return purged


def _isolation(evidence: Path) -> dict[str, tuple[str, ...]]:
    folders = _folders(evidence)
    build = folders.pop("build")
    probes = {
        "before the build": build / "isolation.txt",
        "after the build": build / "isolation-after.txt",
        **{phase: folder / "isolation.txt" for phase, folder in folders.items()},
    }
    return {when: tuple(read_text(path.parent, path.name).splitlines()) for when, path in probes.items()}


def _timings(evidence: Path) -> dict[str, float]:
    return {
        f"{phase}: {name}": took
        for phase, folder in _folders(evidence).items()
        for name, took in read_timings(folder / "timings.tsv").items()
    }
