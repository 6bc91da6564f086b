"""The two sides of the EBS direct benchmark: `hallmark.aws.ebs.upload.upload` in a process of its own, and coldsnap.

coldsnap is taken from PATH, or installed once by its own installer (`cargo install`) into a folder of the cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
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
from bench.site import Say
from hallmark.aws.ebs.blocks import BLOCK, linear_checksum
from hallmark.common.errors import PrerequisiteError, ProcessError

MIB = 1 << 20
VERSION = "0.12"
_ROOT = Path(__file__).parents[1]
_KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "eu-central-1"}
_INSTALL_SECONDS = 3600.0
_RUN_SECONDS = 600.0
_LOOK_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Disk:
    """A disk to upload, and what has to be put of it: the blocks that are not zero, and the aggregate over them."""

    path: Path
    written: tuple[int, ...]
    checksum: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A program that uploads: its words before the endpoint's URL, and between that and the disk."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One upload: what the endpoint saw, seconds and CPU seconds of the whole process, its peak memory in MiB."""

    report: Report
    whole: float
    cpu: float
    memory: float


HALLMARK = Client(name="hallmark", before=(sys.executable, "-m", "bench.ebs_clients"))


def coldsnap(program: Path) -> Client:
    """A coldsnap with the same 64 workers, and told to leave zero blocks out as we do."""
    before = (str(program), "--region", _KEYS["AWS_REGION"], "--endpoint")
    return Client(name="coldsnap", before=before, after=("upload", "--no-progress", "--omit-zero-blocks"))


def find_coldsnap(cache: Path, say: Say) -> Path | None:
    """The coldsnap that we measure against; None where neither it nor cargo is to be had."""
    installed = cache / "coldsnap" / "bin" / "coldsnap"
    if found := shutil.which("coldsnap"):
        return _of_version(Path(found))
    if not installed.exists() and (cargo := shutil.which("cargo")):
        say(f"installing coldsnap {VERSION} with cargo, once: some minutes")
        words = ["nice", cargo, "install", "coldsnap", "--version", f"~{VERSION}", "--locked"]
        words += ["--root", str(installed.parents[1])]
        silent = subprocess.DEVNULL
        done = subprocess.run(words, timeout=_INSTALL_SECONDS, check=False, stdout=silent, stderr=subprocess.PIPE)
        if done.returncode != 0:
            say(f"cargo could not install coldsnap: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return _of_version(installed) if installed.exists() else None


def _of_version(program: Path) -> Path:
    """`program`, which has no --version; cargo's own note beside it is asked, and what is on PATH is believed."""
    note = program.parents[1] / ".crates.toml"
    told = re.search(r'"coldsnap (\S+) ', note.read_text()) if note.exists() else None
    if told is not None and not told[1].startswith(f"{VERSION}."):
        raise PrerequisiteError(f"{program}: expected coldsnap {VERSION}, got {told[1]}; remove {program.parents[1]}")
    return program


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
        os.fsync(stream.fileno())  # or the disk would be busy with it while the first client runs
    return Disk(path=path, written=tuple(digests), checksum=linear_checksum(digests))


def run_client(client: Client, disk: Disk) -> Run:
    """Let one client upload one disk to an endpoint of its own. ProcessError when it fails or sends something else."""
    with _endpoint() as server, tempfile.TemporaryFile() as words_of_it:
        assert server.stdout is not None
        words = [*client.before, f"http://127.0.0.1:{int(server.stdout.readline())}", *client.after, str(disk.path)]
        began = time.monotonic()
        environment = {**_KEYS, "PATH": os.environ["PATH"]}
        process = subprocess.Popen(words, env=environment, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=words_of_it)
        cpu, memory = _watch(process, began + _RUN_SECONDS)
        whole = time.monotonic() - began
        if process.returncode != 0:
            words_of_it.seek(0)
            said = words_of_it.read().decode(errors="replace").strip()[-500:]
            raise ProcessError(f"{client.name}: upload of {disk.path} ended with {process.returncode}:\n{said}")
        server.terminate()
        report = Report(**json.loads(server.stdout.readline()))
    if (report.checksum, report.which) != (disk.checksum, name_blocks(disk.written)):
        expected = f"expected {len(disk.written)} blocks with the checksum {disk.checksum}"
        raise ProcessError(f"{client.name}: {expected} of {disk.path}, got {report}")
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
    from botocore.session import Session

    from hallmark.aws.ebs.retry import client_config
    from hallmark.aws.ebs.upload import Transfer, Upload, upload
    from hallmark.common.fingerprint import hash_bytes

    session = Session()
    session.set_config_variable("region", _KEYS["AWS_REGION"])
    clients: dict[str, Any] = {
        name: session.create_client(name, endpoint_url=url, config=client_config()) for name in ("ebs", "ec2")
    }
    job = Upload(path=path, content=hash_bytes(b"bench"), build="bench", tags={})
    upload(job, ebs=clients["ebs"], ec2=clients["ec2"], how=Transfer(puts_per_second=0))


if __name__ == "__main__":
    upload_once(sys.argv[1], Path(sys.argv[2]))
