"""`summary.json`: what is known of one image, as one document. `index.md` is made of it, and of nothing else.

The descriptions of the fields are the documentation: `tools/docs` makes the table of docs/evidence.md and the JSON
Schema beside that page from them. A later Hallmark may add fields; one that changes what a field means counts `format`
up. Images made before there was a summary have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hallmark.common.errors import StoreError
from hallmark.common.files import write_atomic
from hallmark.common.version import read_version
from hallmark.controls.files import Severity
from hallmark.verdict.judgement import Word

SUMMARY = "summary.json"
Outcome = Literal["candidate", "accepted", "rejected", "failed", "taken"]
Origin = Literal["base", "patched", "added"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Purpose(_Model):
    """What the recipe says that the machine is for."""

    title: str = Field(description="The recipe's title.")
    purpose: str = Field(description="The one purpose of the machine.")
    profile: str = Field(description="The profile that chose the controls.")
    administrators: tuple[str, ...] = Field(description="The people who get an account.")
    listen: tuple[str, ...] = Field(description="What may listen on a network.")


class Artefact(_Model):
    """The image itself, so that nobody takes this evidence for another one's."""

    sha256: str | None = Field(default=None, description="SHA-256 of the disk's file. None on AWS, which gives none.")
    size: int | None = Field(default=None, description="Bytes of the disk's file.")
    ami: str | None = Field(default=None, description="The AMI's id.")
    snapshot: str | None = Field(default=None, description="The id of the AMI's root snapshot.")
    region: str | None = Field(default=None, description="The region of both.")


class Identity(_Model):
    """Which image it is, and what it was made of, by hash."""

    image: str = Field(description="The image's id.")
    recipe: str = Field(description="The recipe's name.")
    fingerprint: str = Field(description="SHA-256 of all inputs of the build.")
    acceptance: str | None = Field(default=None, description="SHA-256 of all inputs of the acceptance.")
    base: str = Field(description="The fingerprint of the base.")
    patch_lock: str = Field(description="The fingerprint of the patch lock.")
    artefact: Artefact = Field(default_factory=Artefact, description="The disk, or the AMI.")


class Made(_Model):
    """When, by what and where a step was carried out."""

    ended: str = Field(description="When it ended, UTC.")
    hallmark: str = Field(description="Hallmark's version.")
    commit: str | None = Field(description="The commit of Hallmark's checkout; none when there is no git to ask.")
    modified: bool | None = Field(description="Whether files of the checkout differed from that commit.")
    host: Mapping[str, str] = Field(
        description="Where the machines ran: `platform`, then `kernel`, `QEMU` and `accelerator` of this host, or "
        "`region` and `instance type`."
    )


class Patch(_Model):
    """A package of the patch lock."""

    name: str = Field(description="The package.")
    version: str = Field(description="The version that the lock brings.")
    before: str | None = Field(description="The version that the base has; none for an added package.")
    suite: str = Field(description="The suite of the archive that it comes from.")
    sha256: str = Field(description="SHA-256 of the .deb.")
    controls: tuple[str, ...] = Field(description="The controls that asked for it.")
    cves: tuple[str, ...] = Field(description="The CVEs that it closes, by its changelog.")


class InstalledPackage(_Model):
    """A package of the image."""

    name: str = Field(description="The package.")
    version: str = Field(description="Its version.")
    architecture: str = Field(description="Its architecture.")
    origin: Origin = Field(description="From the base as it was, patched, or added.")


class RemovedPackage(_Model):
    """A package that base or lock had, and the image has not."""

    name: str = Field(description="The package.")
    version: str = Field(description="The version that was removed.")
    why: str = Field(description="What removed it.")


class Waiver(_Model):
    """Why a control may fail, and until when."""

    reason: str = Field(description="The recipe's reason.")
    expires: str | None = Field(description="The last day.")


class Finding(_Model):
    """What one look at a control came to."""

    verdict: Word = Field(description="The host's word for it.")
    lines: tuple[str, ...] = Field(
        default=(), description="What the check said: its `FAIL` lines, or why it does not apply."
    )


class ControlSummary(_Model):
    """One control of the plan."""

    id: str = Field(description="The control.")
    title: str = Field(description="What it sees to.")
    severity: Severity = Field(description="What it costs when it does not hold.")
    requirements: tuple[str, ...] = Field(description="The requirements that it answers.")
    parameters: Mapping[str, str] = Field(description="Its parameters as they were in effect.")
    rows: tuple[tuple[str, ...], ...] = Field(
        description="The rows of its table, likewise; a reason, or `-`, at the end."
    )
    waiver: Waiver | None = Field(default=None, description="The recipe's waiver.")
    findings: Mapping[str, Finding] = Field(
        description="`build`, `acceptance, first boot` and `acceptance, second boot`: what each came to."
    )


class MitigationSummary(_Model):
    """What stands in for a patch."""

    cve: str = Field(description="The vulnerability.")
    package: str = Field(description="The package that has it.")
    control: str = Field(description="The control that stands in.")
    reason: str = Field(description="Why.")
    expires: str = Field(description="The last day.")


class JudgeSummary(_Model):
    """What a tool that is not ours came to."""

    name: str = Field(description="The tool.")
    profile: str | None = Field(default=None, description="Its profile, where it has one.")
    version: str = Field(description="Its version; that of the SCAP Security Guide for OpenSCAP.")
    content: str = Field(description="SHA-256 of all that was carried into the machine for the judges.")
    score: float | None = Field(description="Its score in percent, of all rules that apply. None without a report.")
    counted: float | None = Field(
        description="The score without the rules of the exceptions: what `least_score` is compared with."
    )
    least_score: int = Field(description="What the recipe asks for.")
    before: float | None = Field(
        default=None, description="The `score` of the image that the channel pointed at when this one was judged."
    )
    passed: int = Field(description="How many rules passed.")
    not_applicable: int = Field(description="How many do not apply, or were not looked at.")
    failed: tuple[str, ...] = Field(description="The rules that failed, those of the exceptions included.")
    exceptions: Mapping[str, str] = Field(description="The rules that may fail, and the recipe's reasons.")
    stale: tuple[str, ...] = Field(description="The exceptions whose rules do not fail any more.")
    seconds: float | None = Field(description="How long it took.")

    @property
    def label(self) -> str:
        """What people know it by."""
        return self.name if self.profile is None else f"{self.name}-{self.profile}"

    @property
    def fell(self) -> bool:
        """Whether it gives less than it gave the image that the channel pointed at."""
        return self.score is not None and self.before is not None and self.score < self.before

    def lines(self) -> list[str]:
        """What people are told: the score, and what is odd about it."""
        said = f"{self.label}: {_percent(self.score)}"
        said += f", {_percent(self.counted)} but for {len(self.exceptions)} exceptions" if self.exceptions else ""
        lines = [f"{said} (at least {self.least_score} %)"]
        lines += [f"{self.label}: less than the released image's {_percent(self.before)}"] if self.fell else []
        return [*lines, *(f"{self.label}: exception {rule}: the rule does not fail any more" for rule in self.stale)]


def _percent(score: float | None) -> str:
    return "no score" if score is None else f"{score:g} %"


class Gap(_Model):
    """A requirement that the image does not wholly meet."""

    requirement: str = Field(description="Its number.")
    title: str = Field(description="What it asks for.")
    why: str = Field(description="Why it is not met.")


class Summary(_Model):
    """All but title and outcome may be missing: a failed build knows little."""

    format: Literal[1] = Field(default=1, description="The version of this document's form.")
    title: str = Field(description="What it is about: recipe and fingerprint.")
    outcome: Outcome = Field(description="What became of it. `taken` is said of an inventory on AWS.")
    problems: tuple[str, ...] = Field(default=(), description="What speaks against it, in the host's words.")
    identity: Identity | None = Field(default=None, description="Which image it is.")
    purpose: Purpose | None = Field(default=None, description="What the machine is for.")
    made: Mapping[str, Made] = Field(
        default_factory=dict, description="`build` and `acceptance`: when, by which Hallmark, on what."
    )
    controls: tuple[ControlSummary, ...] = Field(default=(), description="Every control of the plan, in its order.")
    mitigations: tuple[MitigationSummary, ...] = Field(default=(), description="What stands in for patches.")
    judges: tuple[JudgeSummary, ...] = Field(default=(), description="What the tools that are not ours came to.")
    not_covered: tuple[Gap, ...] = Field(default=(), description="Requirements that are not wholly met, and why.")
    cves: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Every CVE that the patch lock closes: the packages that close it."
    )
    patches: tuple[Patch, ...] = Field(default=(), description="Every package of the patch lock.")
    removed: tuple[RemovedPackage, ...] = Field(default=(), description="Packages that left the image.")
    packages_before: int | None = Field(default=None, description="How many packages the base had.")
    packages: tuple[InstalledPackage, ...] = Field(default=(), description="Every package of the image.")
    isolation: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="What each probe of the isolation reported."
    )
    timings: Mapping[str, float] = Field(default_factory=dict, description="Seconds that each step took.")

    @property
    def scores(self) -> dict[str, float | None]:
        """What each judge came to, by its label."""
        return {judge.label: judge.score for judge in self.judges}


def made_now(host: Mapping[str, str], *, now: datetime | None = None) -> Made:
    """A step that ends now (UTC), by this Hallmark, on that host."""
    program = read_version()
    return Made(
        ended=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        hallmark=program.version,
        commit=program.commit,
        modified=program.modified,
        host=dict(host),
    )


def save_summary(folder: Path, summary: Summary) -> None:
    """Write `folder`/summary.json."""
    write_atomic(folder / SUMMARY, (summary.model_dump_json(indent=1) + "\n").encode())


def load_summary(folder: Path) -> Summary | None:
    """The summary of some evidence; None where there is none. StoreError when it is damaged, or of another form."""
    path = folder / SUMMARY
    try:
        return Summary.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as problem:
        first = str(problem).splitlines()[0]
        raise StoreError(f"{path}: expected the summary of some evidence: {first}; bring the file back") from problem
