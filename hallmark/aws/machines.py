"""One isolated run on AWS, the same way for inventory, build and acceptance: media up, a machine, results down.

Network and machine are an ephemeral stack (hallmark/engine/ephemeral.py, whose program is
handed in): they are gone when the `with` block ends, however it ends. The verdict comes from the results partition
alone.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from hallmark.aws.ebs.download import Range, download
from hallmark.aws.ebs.retry import client_config
from hallmark.aws.ebs.snapshots import find_snapshot_by_content_tag, wait_until_completed
from hallmark.aws.ebs.upload import Transfer, TransferProgress, Upload, upload
from hallmark.aws.exchange_volume import Carrier, make_carrier
from hallmark.aws.guard_duty import RUN_CLEARER
from hallmark.aws.preflight import PreflightRequest, PreflightResult, run_preflight
from hallmark.aws.probes import probes_for
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.aws.sweep import RUN_SWEEPER
from hallmark.aws.tags import Labels
from hallmark.common.concurrency import slot
from hallmark.common.errors import AwsError, HostError, MachineError, ProcessError, ResultsError
from hallmark.common.fingerprint import hash_bytes
from hallmark.common.iso import MANIFEST
from hallmark.engine.ephemeral import Inner, ephemeral
from hallmark.guest.console import clean
from hallmark.guest.results import read_results
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, Mode
from hallmark.guest.user_data import user_data
from hallmark.order.places import Places
from hallmark.pipeline.machines import MachineRun, RunOutputs, Say
from hallmark.verdict.observed import PROBED

PROJECT = "hallmark-inner"
"""The project of the inner stacks."""
MEDIA_KEPT = timedelta(days=7)
_BOOT_GRACE = 600
_LIFE_GRACE = timedelta(hours=1)
_MOST = 64
NO_CAPACITY = "InsufficientInstanceCapacity"
"""EC2's code when a zone cannot start a machine of a type; the provider passes it on and does not try again."""

_one_preflight = threading.Lock()
_preflights: dict[str, PreflightResult] = {}


class AwsMachines:
    """Machines in VPCs of their own; see pipeline/machines.py.

    `program` is the inner stack's, as `module:function`, and `environment` that of its engine: by default this one's.
    """

    def __init__(self, site: Site, places: Places, program: str, environment: Mapping[str, str] | None = None) -> None:
        self._site, self._places, self._program = site, places, program
        self._environment = os.environ if environment is None else environment

    @property
    def base(self) -> str:
        """The AMI that the stack's images start from."""
        return self._site.base.id

    def describe(self) -> dict[str, str]:
        """Region and type."""
        return {
            "platform": "aws",
            "region": self._site.aws.region,
            "instance type": self._site.instance_type,
            "base AMI": self._site.base.id,
        }

    def check(self, mode: Mode) -> None:
        """The preflight; AwsError when a run could not succeed there."""
        check_site(self._site)

    @contextmanager
    def run(self, run: MachineRun, work: Path, say: Say) -> Iterator[RunOutputs]:
        """Run a machine in a network of its own, and yield what it left; then tear all of it down.

        Raises besides AwsError: before anything is made when the account is not fit, and with the engine's words when
        the inner stack did not come up. ProcessError when it could not be torn down.
        """
        site, mode = self._site, run.task.mode
        aws, preflight = Aws(site.aws), check_site(site)
        run = replace(run, task=replace(run.task, probes=probes_for(aws, self._places)))
        labels = site.labels(run.name, mode, new_run_id(), run.fingerprint)
        with slot(self._places.cache / "slots-aws", min(preflight.room, self._places.parallel or _MOST), say):
            carrier = make_carrier(run.media, work / "carrier.raw")
            media = _media_snapshot(site, aws, preflight, carrier, work / "carrier.raw", labels, say)
            (work / "carrier.raw").unlink()
            with self._in_a_zone(run, preflight, media, labels, say) as outputs:
                _keep_console(aws, outputs["instance"], work / CONSOLE)
                _check_outcome(outputs["outcome"], run.task, work / CONSOLE)
                _fetch_results(aws, outputs["results_snapshot"], carrier, work)
                _check_probed(work / RESULTS, run.task.probes)
                yield RunOutputs(disk=outputs["root_volume"], id=labels.build, network_proof=outputs["network_proof"])

    @contextmanager
    def _in_a_zone(
        self, run: MachineRun, preflight: PreflightResult, media: str, labels: Labels, say: Say
    ) -> Iterator[dict[str, Any]]:
        """The inner stack in the first zone that has capacity for the machine; its outputs."""
        site, mode = self._site, run.task.mode
        for zone in preflight.zones:
            say(f"{mode}: power-on ({site.instance_type})")
            inner = self._inner(run, preflight, zone, media, labels)
            with ExitStack() as stack:
                try:
                    outputs = stack.enter_context(
                        ephemeral(inner, self._environment, lambda text: say(f"{mode}: {text}"))
                    )
                except ProcessError as error:
                    if NO_CAPACITY not in str(error):
                        raise AwsError(str(error)) from error
                    say(f"{mode}: {zone} has no capacity for {site.instance_type}")
                    continue
                yield outputs
                return
        raise AwsError(
            f"{mode}: none of {', '.join(preflight.zones)} has capacity for {site.instance_type} at present; "
            "run again later, or choose another type"
        )

    def _inner(self, run: MachineRun, preflight: PreflightResult, zone: str, media: str, labels: Labels) -> Inner:
        site, task = self._site, run.task
        seconds = task.deadline_minutes * 60 + _BOOT_GRACE
        arguments: dict[str, Any] = {
            "aws": site.aws.model_dump(mode="json", exclude_defaults=True),
            "run": labels.build,
            "availability_zone": zone,
            "ami": run.boots,
            "instance_type": site.instance_type,
            "root_gib": site.base.root_gib,
            "kms_key": preflight.kms_key,
            "media_snapshot": media,
            "user_data": base64.b64encode(user_data(task)).decode(),
            "manifest": task.manifest,
            "deadline_seconds": seconds,
            "tags": labels.passing(datetime.now(UTC) + timedelta(seconds=seconds) + _LIFE_GRACE),
        }
        return Inner(
            project=PROJECT,
            name=f"{site.stack}-{run.name}-{task.mode}",
            program=self._program,
            arguments=arguments,
            backend=site.backend,
            secrets_provider=site.secrets_provider,
            organization=site.organization,
            sweeper=RUN_SWEEPER,
            clearer=RUN_CLEARER,
            # Stacks of the same name in another backend are others' affair.
            work=self._places.cache / "inner" / hash_bytes(site.backend.encode())[:16],
        )


def check_site(site: Site) -> PreflightResult:
    """The preflight, once for each process and site: before the first of its machines, so its own do not count.

    AwsError when a run there could not succeed.
    """
    with _one_preflight:
        key = site.model_dump_json()
        if key not in _preflights:
            labels = site.labels("preflight", "build", "preflight", "")
            tags = labels.passing(datetime.now(UTC) + _LIFE_GRACE)
            request = PreflightRequest(
                base=site.base, instance_type=site.instance_type, kms_key=site.kms_key, tags=tags
            )
            _preflights[key] = run_preflight(Aws(site.aws), request)
        return _preflights[key]


def transfer(site: Site) -> Transfer:
    """How blocks are moved, by the stack's settings."""
    return Transfer(puts_per_second=site.puts_per_second)


def new_run_id() -> str:
    """An id that no other run has, beginning with the time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _media_snapshot(
    site: Site, aws: Aws, preflight: PreflightResult, carrier: Carrier, path: Path, labels: Labels, say: Say
) -> str:
    """The snapshot of a carrier: found by its content, else uploaded; completed."""
    found = find_snapshot_by_content_tag(aws.ec2, carrier.content, kms_key=preflight.kms_key)
    if found is not None:
        say(f"media: found {found}, of the same content")
        return found
    job = Upload(
        path=path,
        content=carrier.content,
        build=labels.build,
        tags=labels.passing(datetime.now(UTC) + MEDIA_KEPT),
        kms_key=preflight.kms_key,
        gib=carrier.gib,
    )
    return upload_snapshot(aws, job, transfer(site), lambda text: say(f"media: {text}"))


def upload_snapshot(aws: Aws, job: Upload, how: Transfer, say: Say) -> str:
    """A new snapshot of a file's content, completed. Raises AwsError."""

    def report(moved: TransferProgress) -> None:
        say(f"block {moved.blocks} of {moved.of_blocks}")

    ebs = aws.client("ebs", client_config(workers=how.workers))
    uploaded = upload(job, ebs=ebs, ec2=aws.ec2, how=how, report=report)
    wait_until_completed(aws.ec2, uploaded.snapshot, report=lambda progress: say(f"snapshot at {progress}"))
    return uploaded.snapshot


def _keep_console(aws: Aws, instance: str, log: Path) -> None:
    """What the machine printed, safe to show; AWS keeps the last 64 KiB. For the eye alone, so it may be missing."""
    try:
        text = aws.ec2.get_console_output(InstanceId=instance).get("Output", "")
    except (ClientError, BotoCoreError) as error:
        text = f"hallmark: the console of {instance} could not be fetched: {error}"
    log.write_text("".join(f"{clean(line)}\n" for line in text.splitlines()))


def _check_outcome(outcome: str, task: GuestTask, console: Path) -> None:
    if outcome == "host-failure":
        raise HostError(f"{task.mode}: AWS stopped the machine, its host failed")
    if outcome != "powered-off":
        minutes = task.deadline_minutes
        raise MachineError(f"{task.mode}: the guest did not power off within {minutes} min; console log: {console}")


def _check_probed(results: Path, probes: Sequence[str]) -> None:
    """MachineError when a whole report on the isolation says nothing of an address that was handed over.

    Without this, user data that lose the addresses on their way would leave a report that looks good. One that was
    broken off is refused by the verdict, which knows at which stage.
    """
    for report in sorted(results.rglob("isolation*.txt")):
        text = report.read_text(errors="replace")
        for probe in probes if PROBED in text else ():
            address, _, name = probe.partition("=")
            if f"{address} ({name}, " not in text:
                where = report.relative_to(results)
                raise MachineError(
                    f"{where}: expected a probe of {address} ({name}), as the host has asked for; got none"
                )


def _fetch_results(aws: Aws, snapshot: str, carrier: Carrier, work: Path) -> None:
    part = work / "results.raw"
    ebs = aws.client("ebs", client_config())
    download(snapshot, Range(start=carrier.results_start, length=carrier.results_size), part, ebs=ebs)
    try:
        read_results(part, work / RESULTS, manifest=MANIFEST)
    except ResultsError as error:
        raise ResultsError(f"{error}; console log: {work / CONSOLE}") from error
    part.unlink()
