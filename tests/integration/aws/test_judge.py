"""`hallmark judge` of an AMI: what boots where, and what becomes of its evidence. No machine runs, and no engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hallmark.aws import image_store
from hallmark.aws.evidence import RUN
from hallmark.aws.images import Root, register_image, set_verdict
from hallmark.aws.machines import AwsMachines
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.cli import app as cli
from hallmark.cli import judge as command
from hallmark.cli import stacks
from hallmark.common.errors import AwsError
from hallmark.config.recipe import Judge
from hallmark.debian.apt import PrivateRoot
from hallmark.evidence.summary import load_summary
from hallmark.order.order import Order
from hallmark.order.places import Places
from hallmark.verdict.scores import Score, score_all
from tests.support.aws.doubled_sequence import aws, base, build, kept, name_of, number, order, places, project, site
from tests.support.aws.doubled_sequence import machines as machines_of_builds
from tests.support.aws.strict import REGION
from tests.support.examples import Project
from tests.support.judges_reports import SSH_AUDIT, TOOLS, write_report
from tests.support.machines import FakeMachines

__all__ = ["aws", "base", "machines_of_builds", "number", "order", "places", "project", "site"]


class Judging:
    """Stands in for the machine: ssh-audit leaves its report. What it was asked for is kept."""

    def __init__(self) -> None:
        self.boots = ""
        self.expected = ""
        self.machines: object = None

    def __call__(
        self,
        order: Order,
        boots: str,
        judges: Sequence[Judge],
        _tools: object,
        _scripts: object,
        machines: object,
        *,
        work: Path,
        **_: object,
    ) -> tuple[Score, ...]:
        self.boots, self.machines, self.expected = boots, machines, order.expected_network
        for judge in judges:
            write_report(work / "results", judge, SSH_AUDIT)
        return score_all(judges, TOOLS, work / "results")


@pytest.fixture
def ami(aws: Aws, order: Order, site: Site, places: Places, machines_of_builds: FakeMachines) -> str:
    """An accepted AMI, with the evidence of its build."""
    root: Root = build(order, site, places, machines_of_builds).model_copy(update={"completed": True})
    labels = site.labels(order.recipe, "image", root.build, order.fingerprint)
    image = register_image(aws, site.base, root, labels)
    set_verdict(aws, image.ami, "accepted", order.acceptance_fingerprint)
    return image.ami


@pytest.fixture
def judging(aws: Aws, site: Site, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Judging:
    judging = Judging()
    config = {
        "hallmark:platform": "aws",
        "hallmark:kmsKey": site.kms_key,
        "hallmark:evidence": site.evidence,
        "hallmark:mirror": "http://mirror.invalid/debian",
        "hallmark:securityMirror": "http://mirror.invalid/s",
        "hallmark:cache": str(tmp_path / "cache"),
        "hallmark:store": str(tmp_path / "store"),
        "aws:region": REGION,
    }
    monkeypatch.setattr(stacks, "read_config", lambda _stack: config)
    for module in (stacks, command):
        monkeypatch.setattr(module, "open_account", lambda _stack: aws, raising=False)
    monkeypatch.setattr(image_store, "Aws", lambda _: aws)
    monkeypatch.setattr(command, "judge_image", judging)
    monkeypatch.setattr(command, "fetch_tools", lambda *_: TOOLS)
    monkeypatch.setattr(PrivateRoot, "update", lambda _self: None)
    return judging


def call(name: str, *words: str) -> Result:
    words = ("judge", name, "--stack", "aws", "--judge", "ssh-audit", *words)
    return CliRunner().invoke(cli.app, words, catch_exceptions=False)


def test_an_ami_is_booted_in_its_account_and_what_is_said_joins_its_evidence(
    ami: str, judging: Judging, order: Order, site: Site, tmp_path: Path
) -> None:
    done = call(ami)
    assert done.exit_code == 0
    assert "ssh-audit: 100 %" in done.output
    assert (judging.boots, judging.expected) == (ami, "imds")
    assert isinstance(judging.machines, AwsMachines)
    assert judging.machines.base == ami
    evidence = kept(site, order)
    summary = load_summary(evidence)
    assert summary is not None
    assert [judge.label for judge in summary.judges] == ["ssh-audit"]
    assert (evidence / "judges/ssh-audit/ssh-audit.json").read_bytes() == SSH_AUDIT
    assert not list((tmp_path / "store/work").iterdir())


def test_an_ami_is_known_by_its_image_too(ami: str, judging: Judging, order: Order) -> None:
    call(name_of(order))
    assert judging.boots == ami


def test_evidence_of_another_run_is_not_added_to(ami: str, judging: Judging, order: Order, site: Site) -> None:
    (kept(site, order) / RUN).write_text("another\n")
    with pytest.raises(AwsError, match="it is another run's"):
        call(ami)
    assert judging.boots == ""
    assert not (kept(site, order) / "judges").exists()


def test_a_machine_that_fails_leaves_the_evidence_as_it_was(
    ami: str, judging: Judging, order: Order, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> tuple[Score, ...]:
        raise AwsError("no capacity")

    monkeypatch.setattr(command, "judge_image", fail)
    before = (kept(site, order) / "index.md").read_text()
    with pytest.raises(AwsError, match="no capacity"):
        call(ami)
    assert (kept(site, order) / "index.md").read_text() == before
