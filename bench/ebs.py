"""EBS direct uploads against a local endpoint that answers at once: puts, throughput, memory; coldsnap beside it.

`python -m bench.ebs [WRITTEN_MIB]`: a dense disk of so many MiB (default 512) and an 8 GiB sparse one with as much
written; without a rate limit. coldsnap 0.12 takes its turn when it is on PATH. Run by itself it prints lines of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hallmark.ebs_blocks import BLOCK, GIB

MIB = 1 << 20
_KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "eu-central-1"}
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One upload: who, what disk, blocks put, seconds from start to end, CPU seconds, peak resident memory in MiB."""

    client: str
    disk: str
    puts: int
    seconds: float
    cpu: float
    memory: float

    @property
    def mib_per_second(self) -> float:
        """Content that went out, a second."""
        return self.puts * BLOCK / MIB / self.seconds


def measure(written_mib: int, folder: Path) -> list[Run]:
    """Both disks with each client, each run in a process of its own against an endpoint of its own."""
    disks = {
        "dense": make_disk(folder / "dense.raw", written_mib, size=written_mib * MIB),
        "sparse 8 GiB": make_disk(folder / "sparse.raw", written_mib, size=8 * GIB),
    }
    found = []
    for name, path in disks.items():
        found.append(run_client("hallmark", [sys.executable, "-m", "bench.ebs", "--upload"], name, path))
        if coldsnap := shutil.which("coldsnap"):
            words = [coldsnap, "--region", "eu-central-1", "--endpoint"]
            found.append(run_client("coldsnap", words, name, path, last=["upload", "--no-progress"]))
    return found


def make_disk(path: Path, written_mib: int, *, size: int) -> Path:
    """A disk with so many MiB of random bytes, spread evenly."""
    with path.open("wb") as stream:
        stream.truncate(size)
        for index in range(written_mib):
            stream.seek(size // written_mib // MIB * MIB * index)
            stream.write(os.urandom(MIB))
    return path


def run_client(client: str, words: Sequence[str], disk: str, path: Path, *, last: Sequence[str] = ()) -> Run:
    """Let one client upload one disk: `words`, the endpoint's URL, `last` and the disk's path are its arguments."""
    with _endpoint() as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        began, process = (
            time.monotonic(),
            subprocess.Popen(
                [*words, url, *last, str(path)],
                env={**_KEYS, "PATH": os.environ["PATH"]},
                cwd=_ROOT,
                stdout=subprocess.DEVNULL,
            ),
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        server.terminate()
        puts = int(server.stdout.readline())
    if status != 0:
        raise RuntimeError(f"{client}: expected an upload of {path}, it ended with status {status}")
    cpu = used.ru_utime + used.ru_stime
    return Run(client=client, disk=disk, puts=puts, seconds=seconds, cpu=cpu, memory=used.ru_maxrss / 1024)


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

    from hallmark.ebs import Transfer, Upload, upload
    from hallmark.ebs_retry import client_config
    from hallmark.fingerprint import hash_bytes

    session = boto3.Session(region_name="eu-central-1")
    ebs = session.client("ebs", endpoint_url=url, config=client_config())
    ec2 = session.client("ec2", endpoint_url=url, config=client_config())
    job = Upload(path=path, content=hash_bytes(b"bench"), build="bench", tags={})
    done = upload(job, ebs=ebs, ec2=ec2, how=Transfer(puts_per_second=0))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(done.snapshot, done.blocks, f"{done.seconds:.2f} s, {own // 1024} MiB", file=sys.stderr)


def main(words: Sequence[str]) -> None:
    """Measure, or be the child."""
    if words[:1] == ["--upload"]:
        upload_once(words[1], Path(words[2]))
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        for run in measure(int(words[0]) if words else 512, Path(folder)):
            print(json.dumps({**asdict(run), "MiB/s": round(run.mib_per_second, 1)}))


if __name__ == "__main__":
    main(sys.argv[1:])
