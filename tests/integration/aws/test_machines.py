"""One isolated run without its engine: media up once, results down, bad ends one error each, the preflight first."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.aws.inner.program import MachineOrder
from components.providers import INNER_PROGRAM
from hallmark.aws import machines as aws_machines
from hallmark.aws.exchange_volume import plan_carrier
from hallmark.aws.machines import AwsMachines
from hallmark.aws.preflight import PreflightRequest, PreflightResult
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.aws.tags import format_time
from hallmark.common.errors import AwsError, HostError, MachineError, ProcessError, ResultsError
from hallmark.common.fingerprint import Sha256, hash_file
from hallmark.config.recipe import MachineShape
from hallmark.engine.ephemeral import Inner
from hallmark.guest.task import GuestTask
from hallmark.order.places import Places
from hallmark.pipeline.machines import MachineRun, RunOutputs
from hallmark.verdict.observed import surprises
from tests.doubles import moto_ec2
from tests.doubles.quick_machines import QuickMachines
from tests.support.aws.fake_inner import FakeInner, archive, pack, read_tree
from tests.support.aws.strict import CREDENTIALS, base_ami, site_in, strict_account
from tests.support.examples import Project

CONSOLE = "it \x1b[31mboots\x1b[0m\nlast words\n"
FILES = {"exit": "0\n", "stage": "done\n", "controls/alpha.exit": "0\n"}


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with strict_account() as aws:
        moto_ec2.rules().machines = QuickMachines(after=None, text=CONSOLE)
        yield aws


@pytest.fixture(scope="module")
def base(aws: Aws) -> str:
    return base_ami(aws)


@pytest.fixture(scope="module")
def instance(aws: Aws, base: str) -> str:
    asked: Any = {"ImageId": base, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    started = aws.ec2.run_instances(**asked)["Instances"][0]["InstanceId"]
    aws.ec2.stop_instances(InstanceIds=[started])  # as it is when an inner run hands over: EC2 then notes its console
    return started


@pytest.fixture(scope="module")
def preflight(aws: Aws) -> PreflightResult:
    arn = aws.kms.create_key()["KeyMetadata"]["Arn"]
    return PreflightResult(account="123456789012", kms_key=arn, zones=("eu-central-1b", "eu-central-1c"), room=3)


@pytest.fixture
def site(aws: Aws, base: str, tmp_path: Path) -> Site:
    return site_in(aws, tmp_path / "evidence", base=base, backend=f"file://{tmp_path}/state")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Project(tmp_path / "project").places()


@pytest.fixture
def inner(aws: Aws, instance: str, preflight: PreflightResult, monkeypatch: pytest.MonkeyPatch) -> FakeInner:
    """The inner stack of the runs; the preflight finds nothing amiss."""
    inner = FakeInner(aws=aws, instance=instance, results=pack(FILES))
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws_machines, "ephemeral", inner)
    monkeypatch.setattr(aws_machines, "_preflights", {})
    monkeypatch.setattr(aws_machines, "run_preflight", lambda *_: preflight)
    monkeypatch.setattr(aws_machines, "Aws", lambda _: aws)  # each costs a second
    return inner


@pytest.fixture
def run(tmp_path: Path, base: str) -> MachineRun:
    media, bootstrap = tmp_path / "patch.iso", tmp_path / "bootstrap.sh"
    media.write_text(f"media of {tmp_path}")
    bootstrap.write_text("# bootstrap\n")
    task = GuestTask(mode="build", manifest=Sha256("c" * 64), bootstrap=bootstrap, cloud_config={}, deadline_minutes=20)
    return MachineRun(
        name="web", fingerprint=Sha256("f" * 64), boots=base, shape=MachineShape(), media=media, task=task
    )


@contextmanager
def running(
    site: Site, run: MachineRun, places: Places, said: list[str] | None = None
) -> Iterator[tuple[RunOutputs, Path]]:
    """A run in a work folder of its own."""
    work = places.store / "work"
    work.mkdir(parents=True)
    machines = AwsMachines(site, places, INNER_PROGRAM)
    with machines.run(run, work, (said if said is not None else []).append) as ran:
        yield ran, work


def media_snapshots(aws: Aws, run: MachineRun) -> list[dict[str, Any]]:
    found: Any = aws.ec2.describe_snapshots(Filters=[{"Name": "tag:hallmark:managed", "Values": ["true"]}])["Snapshots"]
    return [row for row in found if {"Key": "hallmark:content", "Value": content(run)} in row["Tags"]]


def content(run: MachineRun) -> str:
    return plan_carrier(hash_file(run.media), run.media.stat().st_size, results_mib=256).content


def test_what_the_guest_left_is_there_while_its_root_volume_lives(
    site: Site, run: MachineRun, places: Places, inner: FakeInner
) -> None:
    with running(site, run, places) as (ran, work):
        assert read_tree(work / "results") == {**FILES, "MANIFEST": read_tree(work / "results")["MANIFEST"]}
        assert (ran.disk, ran.network_proof) == (inner.root, "sealed\n")
        assert inner.torn_down == 0
    assert inner.torn_down == 1
    assert (work / "console.log").read_text() == "it boots\nlast words\n"
    assert sorted(path.name for path in work.iterdir()) == ["console.log", "results"]


def test_the_inner_stack_is_told_all_that_its_program_needs(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, preflight: PreflightResult, aws: Aws
) -> None:
    with running(site, run, places) as (ran, _):
        pass
    stack = inner.inners[0]
    assert (stack.project, stack.name) == ("hallmark-inner", "aws-web-build")
    assert (stack.backend, stack.secrets_provider) == (site.backend, "passphrase")
    assert stack.program == INNER_PROGRAM
    order = MachineOrder.model_validate(json.loads(json.dumps(stack.arguments)))
    assert (order.ami, order.instance_type, order.root_gib) == (run.boots, "t3.medium", 1)
    assert (order.kms_key, order.availability_zone) == (preflight.kms_key, "eu-central-1b")
    assert order.media_snapshot == media_snapshots(aws, run)[0]["SnapshotId"]
    assert order.deadline_seconds == 20 * 60 + 600  # the guest's own comes first
    assert order.manifest.encode() in base64.b64decode(order.user_data)
    assert (order.run, order.tags["hallmark:build"]) == (ran.id, ran.id)
    start = datetime.strptime(str(ran.id)[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert order.tags["hallmark:expires"] >= format_time(start + timedelta(seconds=order.deadline_seconds, hours=1))


def test_the_stacks_default_tags_are_on_all_of_it(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, aws: Aws
) -> None:
    tagged = site.model_copy(update={"aws": site.aws.model_copy(update={"default_tags": {"cost-centre": "42"}})})
    with running(tagged, run, places):
        pass
    assert inner.inners[0].arguments["tags"]["cost-centre"] == "42"
    assert {"Key": "cost-centre", "Value": "42"} in media_snapshots(aws, run)[0]["Tags"]


def test_stacks_of_the_same_name_in_another_backend_do_not_wait_for_each_other(
    site: Site, run: MachineRun, places: Places, inner: FakeInner
) -> None:
    for number, backend in enumerate(("file:///a", "file:///b", "file:///a")):
        here = places.model_copy(update={"store": places.store / str(number)})
        with running(site.model_copy(update={"backend": backend}), run, here):
            pass
    works = [stack.lock for stack in inner.inners]
    assert works[0] == works[2] != works[1]


# Media


def test_media_go_up_once_encrypted_and_tagged_and_are_found_again_by_their_content(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, aws: Aws, preflight: PreflightResult
) -> None:
    said: list[str] = []
    with running(site, run, places):
        pass
    with running(site, run, places.model_copy(update={"store": places.store / "again"}), said):
        pass
    (row,) = media_snapshots(aws, run)
    tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]}
    assert (row["Encrypted"], row["KmsKeyId"]) == (True, preflight.kms_key)
    assert (tags["hallmark:recipe"], tags["hallmark:use"]) == ("web", "build")
    assert "hallmark:expires" in tags
    assert said[0] == f"media: found {row['SnapshotId']}, of the same content"
    assert {stack.arguments["media_snapshot"] for stack in inner.inners} == {row["SnapshotId"]}


def test_other_media_are_not_taken_for_them(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, aws: Aws
) -> None:
    with running(site, run, places):
        pass
    run.media.write_text("other media")
    with running(site, run, places.model_copy(update={"store": places.store / "again"})):
        pass
    first, second = (stack.arguments["media_snapshot"] for stack in inner.inners)
    assert first != second


# Bad ends


def test_a_machine_that_never_reports_is_the_guests_fault_and_its_console_is_kept(
    site: Site, run: MachineRun, places: Places, inner: FakeInner
) -> None:
    inner.outcome = "deadline"
    with pytest.raises(MachineError) as error, running(site, run, places):
        pytest.fail("it is to end before")
    console = places.store / "work" / "console.log"
    assert not isinstance(error.value, HostError)
    assert str(error.value) == f"build: the guest did not power off within 20 min; console log: {console}"
    assert console.read_text().endswith("last words\n")
    assert inner.torn_down == 1


def test_a_host_that_fails_is_not_the_guests_fault(
    site: Site, run: MachineRun, places: Places, inner: FakeInner
) -> None:
    inner.outcome = "host-failure"
    with (
        pytest.raises(HostError, match=r"^build: AWS stopped the machine, its host failed$"),
        running(site, run, places),
    ):
        pytest.fail("it is to end before")
    assert inner.torn_down == 1


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (b"", "the guest wrote nothing"),
        (archive({"exit": "0\n"}), "MANIFEST: missing: the guest did not finish its results"),
        (archive({"../../etc/passwd": "x"}), "expected a plain relative name"),
        (archive({"exit": "0\n", "MANIFEST": f"{'0' * 64}  exit\n"}), "exit: expected the file and its hash in"),
    ],
)
def test_results_that_cannot_be_trusted_are_refused_naming_the_console(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, results: bytes, message: str
) -> None:
    inner.results = results
    with pytest.raises(ResultsError) as error, running(site, run, places):
        pytest.fail("it is to end before")
    work = places.store / "work"
    assert message in str(error.value)
    assert str(error.value).endswith(f"; console log: {work / 'console.log'}")
    assert not (work / "results").exists()
    assert inner.torn_down == 1


PROBES = ("192.0.2.7/443=endpoint-of-ec2", "2001:db8::7/80=mirror")
PROBED = "connection to 192.0.2.7/443 (endpoint-of-ec2, resolved): none\n"
END = "all probed\n"


@pytest.mark.parametrize(
    ("reports", "missing"),
    [
        ({"isolation.txt": END}, "isolation.txt: expected a probe of 192.0.2.7/443 (endpoint-of-ec2)"),
        ({"isolation.txt": f"{PROBED}{END}"}, "isolation.txt: expected a probe of 2001:db8::7/80 (mirror)"),
        (
            {
                "isolation.txt": f"{PROBED}SURPRISE: connected to 2001:db8::7/80 (mirror, resolved)\n{END}",
                "first-boot/isolation.txt": f"{PROBED}{END}",
            },
            "first-boot/isolation.txt: expected a probe of 2001:db8::7/80 (mirror)",
        ),
    ],
)
def test_a_report_that_leaves_out_an_address_that_was_handed_over_is_refused(
    site: Site,
    run: MachineRun,
    places: Places,
    inner: FakeInner,
    monkeypatch: pytest.MonkeyPatch,
    reports: dict[str, str],
    missing: str,
) -> None:
    monkeypatch.setattr(aws_machines, "probes_for", lambda *_: PROBES)
    inner.results = pack({**FILES, **reports})
    with pytest.raises(MachineError, match=re.escape(missing)), running(site, run, places):
        pytest.fail("it is to end before")
    assert inner.torn_down == 1


def test_a_report_that_was_broken_off_is_left_to_the_verdict(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_machines, "probes_for", lambda *_: PROBES)
    inner.results = pack({**FILES, "isolation.txt": PROBED})
    with running(site, run, places):
        assert surprises(places.store / "work/results", "isolation.txt", "imds") == [
            'isolation.txt: expected a whole proof, from "expected: imds" to "all probed"'
        ]


def test_what_goes_wrong_with_the_results_in_the_block_tears_it_down_too(
    site: Site, run: MachineRun, places: Places, inner: FakeInner
) -> None:
    with pytest.raises(ZeroDivisionError), running(site, run, places):
        raise ZeroDivisionError
    assert inner.torn_down == 1


def test_an_inner_stack_that_fails_is_told_in_its_own_words(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise ProcessError("inner stack aws-web-build: VpcLimitExceeded")

    monkeypatch.setattr(aws_machines, "ephemeral", fails)
    with pytest.raises(AwsError, match="VpcLimitExceeded"), running(site, run, places):
        pytest.fail("it is to end before")


def short_of(zones: set[str], inner: FakeInner) -> Any:
    """An inner stack whose machine has no capacity in these zones, in the provider's words."""

    @contextmanager
    def ephemeral(stack: Inner, environment: Any, say: Any) -> Iterator[dict[str, Any]]:
        if stack.arguments["availability_zone"] in zones:
            inner.inners.append(stack)
            raise ProcessError(
                f"inner stack {stack.name}: creating EC2 Instance: operation error EC2: RunInstances, https response "
                "error StatusCode: 500, api error InsufficientInstanceCapacity: We currently do not have sufficient"
            )
        with inner(stack, environment, say) as outputs:
            yield outputs

    return ephemeral


def test_where_a_zone_has_no_capacity_the_next_one_is_taken(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_machines, "ephemeral", short_of({"eu-central-1b"}, inner))
    said: list[str] = []
    with running(site, run, places, said) as (ran, _):
        assert ran.disk == inner.root
    assert [stack.arguments["availability_zone"] for stack in inner.inners] == ["eu-central-1b", "eu-central-1c"]
    assert "build: eu-central-1b has no capacity for t3.medium" in said
    assert inner.torn_down == 1


def test_where_no_zone_has_capacity_all_are_named(
    site: Site, run: MachineRun, places: Places, inner: FakeInner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_machines, "ephemeral", short_of({"eu-central-1b", "eu-central-1c"}, inner))
    with pytest.raises(AwsError) as error, running(site, run, places):
        pytest.fail("it is to end before")
    assert str(error.value) == (
        "build: none of eu-central-1b, eu-central-1c has capacity for t3.medium at present; "
        "run again later, or choose another type"
    )


def test_a_console_that_cannot_be_fetched_is_no_trouble(
    site: Site, run: MachineRun, places: Places, inner: FakeInner
) -> None:
    inner.instance = "i-0123456789abcdef0"
    with running(site, run, places) as (_, work):
        assert (work / "results" / "exit").exists()
    assert (
        (work / "console.log")
        .read_text()
        .startswith("hallmark: the console of i-0123456789abcdef0 could not be fetched: ")
    )


# Preflight


def test_the_preflight_is_once_for_each_process_and_site(
    site: Site,
    run: MachineRun,
    places: Places,
    inner: FakeInner,
    preflight: PreflightResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests: list[PreflightRequest] = []

    def look(_: Aws, asked: PreflightRequest) -> PreflightResult:
        requests.append(asked)
        return preflight

    monkeypatch.setattr(aws_machines, "run_preflight", look)
    other = site.model_copy(update={"instance_type": "m5.large"})
    for number, here in enumerate((site, site, other)):
        with running(here, run, places.model_copy(update={"store": places.store / str(number)})):
            pass
    assert [asked.instance_type for asked in requests] == ["t3.medium", "m5.large"]
    assert {asked.base.id for asked in requests} == {run.boots}
    assert requests[0].tags["hallmark:managed"] == "true"


@pytest.mark.parametrize(
    "message",
    ["credentials: the credentials have expired; sign in again", "key alias/x: expected it enabled, it is Disabled"],
)
def test_on_bad_ground_nothing_is_made(
    site: Site,
    run: MachineRun,
    places: Places,
    inner: FakeInner,
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
) -> None:
    def refuse(*_: object) -> PreflightResult:
        raise AwsError(message)

    monkeypatch.setattr(aws_machines, "run_preflight", refuse)
    for number in (1, 2):  # a refusal is not remembered: it may have been mended
        here = places.model_copy(update={"store": places.store / str(number)})
        with pytest.raises(AwsError) as error, running(site, run, here):
            pytest.fail("it is to end before")
        assert str(error.value) == message
    assert (inner.inners, media_snapshots(aws, run)) == ([], [])
    assert list((places.store / "1" / "work").iterdir()) == []


@pytest.mark.parametrize(("room", "parallel", "slots"), [(3, None, 3), (3, 2, 2), (2, 8, 2)])
def test_as_many_machines_run_at_once_as_the_quota_of_vpcs_and_the_settings_allow(
    site: Site,
    run: MachineRun,
    places: Places,
    inner: FakeInner,
    preflight: PreflightResult,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
    parallel: int | None,
    slots: int,
) -> None:
    asked: list[tuple[Path, int]] = []

    @contextmanager
    def slot(folder: Path, count: int, _: object) -> Iterator[None]:
        asked.append((folder, count))
        yield

    here = PreflightResult(account=preflight.account, kms_key=preflight.kms_key, zones=preflight.zones, room=room)
    monkeypatch.setattr(aws_machines, "run_preflight", lambda *_: here)
    monkeypatch.setattr(aws_machines, "slot", slot)
    with running(site, run, places.model_copy(update={"parallel": parallel})):
        pass
    assert asked == [(places.cache / "slots-aws", slots)]


def test_blocks_are_put_as_fast_as_the_stack_says(site: Site) -> None:
    assert aws_machines.transfer(site.model_copy(update={"puts_per_second": 12.5})).puts_per_second == 12.5
