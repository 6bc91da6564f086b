"""One isolated run on AWS, the same way for inventory, build and acceptance: media up, a machine, results down.

Network and machine are an ephemeral stack (hallmark/engine/ephemeral.py, with the inner program of
components/aws/inner/program.py): they are gone when the `with` block ends, however it ends. The verdict comes from the
results partition alone.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from hallmark.aws.ebs.download import Range, download
from hallmark.aws.ebs.retry import client_config
from hallmark.aws.ebs.snapshots import find_snapshot_by_content_tag, wait_until_completed
from hallmark.aws.ebs.upload import Transfer, TransferProgress, Upload, upload
from hallmark.aws.exchange_volume import Carrier, make_carrier
from hallmark.aws.preflight import PreflightRequest, PreflightResult, run_preflight
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.aws.sweep import RUN_SWEEPER
from hallmark.aws.tags import Labels
from hallmark.common.concurrency import slot
from hallmark.common.errors import HostError, MachineError, ResultsError
from hallmark.common.fingerprint import Sha256, hash_bytes
from hallmark.common.iso import MANIFEST
from hallmark.engine.ephemeral import Inner, ephemeral
from hallmark.guest.console import clean
from hallmark.guest.results import read_results
from hallmark.guest.user_data import RESULTS, Errand, user_data
from hallmark.order.places import Places

Say = Callable[[str], None]
PROJECT = "hallmark-inner"
PROGRAM = "components.aws.inner.program:program"
MEDIA_KEPT = timedelta(days=7)
_BOOT_GRACE = 600
_LIFE_GRACE = timedelta(hours=1)
_MOST = 64

_preflight = threading.Lock()
_grounds: dict[str, PreflightResult] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run: for which recipe (or AMI) it is, the AMI that it boots, its media and its errand."""

    name: str
    fingerprint: Sha256
    ami: str
    media: Path
    errand: Errand


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A run that powered itself off; its results are in `work`/results. The root volume lives as long as the block."""

    root_volume: str
    labels: Labels
    network_proof: str


@contextmanager
def isolated_run(site: Site, job: Job, places: Places, work: Path, say: Say) -> Iterator[Ran]:
    """Run a machine in a network of its own to its power-off, and yield what it left; then tear all of it down.

    Raises AwsError before anything is made when the account is not fit; MachineError when the guest did not end as it
    should (HostError when that was no fault of the guest), ResultsError when it left none, ProcessError with the
    engine's words when the inner stack failed.
    """
    aws, ground = Aws(site.aws), check_site(site)
    labels = site.labels(job.name, job.errand.mode, _run_id(), job.fingerprint)
    with slot(places.cache / "slots-aws", min(ground.room, places.parallel or _MOST), say):
        carrier = make_carrier(job.media, work / "carrier.raw")
        media = _media_snapshot(site, aws, ground, carrier, work / "carrier.raw", labels, say)
        (work / "carrier.raw").unlink()
        inner = _inner(site, job, ground, media, labels, places)
        say(f"{job.errand.mode}: power-on ({site.instance_type})")
        with ephemeral(inner, os.environ, lambda text: say(f"{job.errand.mode}: {text}")) as outputs:
            _keep_console(aws, outputs["instance"], work / "console.log")
            _check_outcome(outputs["outcome"], job, work / "console.log")
            _fetch_results(aws, outputs["results_snapshot"], carrier, work)
            yield Ran(root_volume=outputs["root_volume"], labels=labels, network_proof=outputs["network_proof"])


def check_site(site: Site) -> PreflightResult:
    """The preflight, once for each process and site: before the first of its machines, so its own do not count.

    AwsError when a run there could not succeed.
    """
    with _preflight:
        key = site.model_dump_json()
        if key not in _grounds:
            labels = site.labels("preflight", "build", "preflight", "")
            tags = labels.passing(datetime.now(UTC) + _LIFE_GRACE)
            wish = PreflightRequest(base=site.base, instance_type=site.instance_type, kms_key=site.kms_key, tags=tags)
            _grounds[key] = run_preflight(Aws(site.aws), wish)
        return _grounds[key]


def transfer(site: Site) -> Transfer:
    """How blocks are moved, by the stack's settings."""
    return Transfer(puts_per_second=site.puts_per_second)


def _run_id() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _media_snapshot(
    site: Site, aws: Aws, ground: PreflightResult, carrier: Carrier, path: Path, labels: Labels, say: Say
) -> str:
    """The snapshot of a carrier: found by its content, else uploaded; completed."""
    found = find_snapshot_by_content_tag(aws.ec2, carrier.content, kms_key=ground.kms_key)
    if found is not None:
        say(f"media: found {found}, of the same content")
        return found

    def report(moved: TransferProgress) -> None:
        say(f"media: block {moved.blocks} of {moved.of_blocks}")

    job = Upload(
        path=path,
        content=carrier.content,
        build=labels.build,
        tags=labels.passing(datetime.now(UTC) + MEDIA_KEPT),
        kms_key=ground.kms_key,
        gib=carrier.gib,
    )
    ebs = aws.client("ebs", client_config(workers=transfer(site).workers))
    uploaded = upload(job, ebs=ebs, ec2=aws.ec2, how=transfer(site), report=report)
    wait_until_completed(aws.ec2, uploaded.snapshot, report=lambda progress: say(f"media: snapshot at {progress}"))
    return uploaded.snapshot


def _inner(site: Site, job: Job, ground: PreflightResult, media: str, labels: Labels, places: Places) -> Inner:
    seconds = job.errand.deadline_minutes * 60 + _BOOT_GRACE
    arguments: dict[str, Any] = {
        "aws": site.aws.model_dump(mode="json", exclude_defaults=True),
        "run": labels.build,
        "availability_zone": ground.zones[0],
        "ami": job.ami,
        "instance_type": site.instance_type,
        "root_gib": site.base.root_gib,
        "kms_key": ground.kms_key,
        "media_snapshot": media,
        "user_data": base64.b64encode(user_data(job.errand)).decode(),
        "manifest": job.errand.manifest,
        "deadline_seconds": seconds,
        "tags": labels.passing(datetime.now(UTC) + timedelta(seconds=seconds) + _LIFE_GRACE),
    }
    return Inner(
        project=PROJECT,
        name=f"{site.stack}-{job.name}-{job.errand.mode}",
        program=PROGRAM,
        arguments=arguments,
        backend=site.backend,
        secrets_provider=site.secrets_provider,
        sweeper=RUN_SWEEPER,
        # Stacks of the same name in another backend are others' affair.
        work=places.cache / "inner" / hash_bytes(site.backend.encode())[:16],
    )


def _keep_console(aws: Aws, instance: str, log: Path) -> None:
    """What the machine printed, safe to show; AWS keeps the last 64 KiB. For the eye alone, so it may be missing."""
    try:
        text = aws.ec2.get_console_output(InstanceId=instance).get("Output", "")
    except (ClientError, BotoCoreError) as error:
        text = f"hallmark: the console of {instance} could not be fetched: {error}"
    log.write_text("".join(f"{clean(line)}\n" for line in text.splitlines()))


def _check_outcome(outcome: str, job: Job, console: Path) -> None:
    if outcome == "host-failure":
        raise HostError(f"{job.errand.mode}: AWS stopped the machine, its host failed")
    if outcome != "powered-off":
        minutes = job.errand.deadline_minutes
        raise MachineError(
            f"{job.errand.mode}: the guest did not power off within {minutes} min; console log: {console}"
        )


def _fetch_results(aws: Aws, snapshot: str, carrier: Carrier, work: Path) -> None:
    part = work / "results.raw"
    ebs = aws.client("ebs", client_config())
    download(snapshot, Range(start=carrier.results_start, length=carrier.results_size), part, ebs=ebs)
    try:
        read_results(part, work / RESULTS, manifest=MANIFEST)
    except ResultsError as error:
        raise ResultsError(f"{error}; console log: {work / 'console.log'}") from error
    part.unlink()
