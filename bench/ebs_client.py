"""The EBS direct benchmark's upload: a disk, and `hallmark.aws.ebs.upload.upload` of it in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ebs_endpoint import Report, name_blocks
from hallmark.aws.ebs.blocks import BLOCK, linear_checksum
from hallmark.common.errors import ProcessError

_ROOT = Path(__file__).parents[1]
_KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "eu-central-1"}
_RUN_SECONDS = 600.0
_LOOK_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Disk:
    """A disk to upload, and what has to be put of it: the blocks that are not zero, and the aggregate over them."""

    path: Path
    written: tuple[int, ...]
    checksum: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One upload: what the endpoint saw, seconds and CPU seconds of the whole process, its peak memory in MiB."""

    report: Report
    whole: float
    cpu: float
    memory: float


def make_disk(path: Path, *, size: int, written: Sequence[int], zeros: Sequence[int] = ()) -> Disk:
    """A sparse disk of `size` bytes whose blocks `written` are random; those of `zeros` are allocated, but zero."""
    digests: dict[int, bytes] = {}
    with path.open("wb") as stream:
        stream.truncate(size)
        for index in sorted({*written, *zeros}):
            data = bytes(BLOCK) if index in zeros else os.urandom(BLOCK)
            stream.seek(index * BLOCK)
            stream.write(data)
            if index not in zeros:
                digests[index] = hashlib.sha256(data).digest()
        stream.flush()
        os.fsync(stream.fileno())  # or the disk would be busy with it while the first upload runs
    return Disk(path=path, written=tuple(digests), checksum=linear_checksum(digests))


def run_upload(disk: Disk) -> Run:
    """Upload a disk to an endpoint of its own. ProcessError when that fails or sends something else."""
    with _endpoint() as server, tempfile.TemporaryFile() as words_of_it:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        words = [sys.executable, "-m", "bench.ebs_client", url, str(disk.path)]
        began = time.monotonic()
        environment = {**_KEYS, "PATH": os.environ["PATH"]}
        process = subprocess.Popen(words, env=environment, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=words_of_it)
        cpu, memory = _watch(process, began + _RUN_SECONDS)
        whole = time.monotonic() - began
        if process.returncode != 0:
            words_of_it.seek(0)
            said = words_of_it.read().decode(errors="replace").strip()[-500:]
            raise ProcessError(f"upload of {disk.path} ended with {process.returncode}:\n{said}")
        server.terminate()
        report = Report(**json.loads(server.stdout.readline()))
    if (report.checksum, report.which) != (disk.checksum, name_blocks(disk.written)):
        expected = f"expected {len(disk.written)} blocks with the checksum {disk.checksum}"
        raise ProcessError(f"{expected} of {disk.path}, got {report}")
    return Run(report=report, whole=whole, cpu=cpu, memory=memory)


def _watch(process: subprocess.Popen[bytes], until: float) -> tuple[float, float]:
    """Wait for a process: its CPU seconds, and the high-water mark of its memory in MiB.

    The mark is read while it runs: what wait4 tells of a child begins with its parent's.
    """
    peak = 0.0
    try:
        while time.monotonic() < until:
            peak = max(peak, _high_water(process.pid))
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                process.returncode = os.waitstatus_to_exitcode(status)
                return used.ru_utime + used.ru_stime, peak
            time.sleep(_LOOK_SECONDS)
    except BaseException:
        process.kill()
        raise
    process.kill()
    raise ProcessError(f"{process.args!r}: expected an end within {_RUN_SECONDS:.0f} s")


def _high_water(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def _endpoint() -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "bench.ebs_endpoint"]
    with subprocess.Popen(words, cwd=_ROOT, stdout=subprocess.PIPE) as server:
        try:
            yield server
        finally:
            server.terminate()


def upload_once(url: str, path: Path) -> None:
    """What the child process does: one upload, as fast as it goes."""
    import boto3

    from hallmark.aws.ebs.retry import client_config
    from hallmark.aws.ebs.upload import Transfer, Upload, upload
    from hallmark.common.fingerprint import hash_bytes

    session: Any = boto3.Session(region_name=_KEYS["AWS_REGION"])
    ebs, ec2 = (session.client(name, endpoint_url=url, config=client_config()) for name in ("ebs", "ec2"))
    job = Upload(path=path, content=hash_bytes(b"bench"), build="bench", tags={})
    upload(job, ebs=ebs, ec2=ec2, how=Transfer(puts_per_second=0))


if __name__ == "__main__":
    upload_once(sys.argv[1], Path(sys.argv[2]))
