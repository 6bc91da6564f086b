"""Runs one virtual machine that has no way in and no way out, from power-on to power-off.

Place in the pipeline: build and acceptance. The machine has a disk, read-only media, a seed with its user data, a disk
for results and a serial console; it has no network device at all. It ends by powering itself off, or at the host's
deadline, or with the thread that started it: never later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from qemu.qmp import QMPClient, QMPError

from hallmark.common.containment import Reach
from hallmark.common.errors import HostError, MachineError, PrerequisiteError
from hallmark.common.process import ENVIRONMENT, command
from hallmark.guest.console import Console, Progress
from hallmark.local.accelerator import SANDBOX, Accelerator

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
RESULTS_MIB = 64
_QMP_TIMEOUT = 60.0
_LAST_MOMENT = 2.0
_SHELL = 128  # an exit code beyond this names a signal

logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The hardware of a machine: build and acceptance use the same."""

    memory_mib: int
    cpus: int
    accelerator: Accelerator


@dataclass(frozen=True, kw_only=True, slots=True)
class Drives:
    """The files behind a machine's drives; only `disk` (qcow2, on top of `backing`) and `results` (raw) are written."""

    disk: Path
    media: Path
    seed: Path
    results: Path
    backing: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How a machine's run went: seconds from power-on to power-off and the console's log."""

    seconds: float
    console: Path


def make_results_disk(path: Path) -> None:
    """An empty raw disk for a guest's results."""
    with path.open("wb") as stream:
        stream.truncate(RESULTS_MIB << 20)


def qemu_args(shape: Shape, drives: Drives, *, variables: Path, reboots: int = 0) -> list[str]:
    """QEMU's arguments: no network device, no default devices, no reboot but those asked for, system calls confined."""
    # fmt: off
    return [
        "qemu-system-x86_64", "-no-user-config", "-nodefaults", "-nic", "none", "-display", "none", "-vga", "none",
        "-machine", "q35,smm=off,vmport=off,graphics=off", *shape.accelerator.arguments, "-m", str(shape.memory_mib),
        "-smp", str(shape.cpus), "-sandbox", SANDBOX,
        *(() if reboots else ("-no-reboot",)), "-action", "panic=shutdown", "-device", "pvpanic-pci",
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}",
        "-drive", f"if=pflash,format=raw,unit=1,file={_escape(variables)}",
        "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
        "-blockdev", _blockdev("disk", drives.disk, "qcow2", "discard=unmap,detect-zeroes=unmap"),
        "-device", "virtio-blk-pci,drive=disk,serial=HALLMARK-DISK,bootindex=1",
        "-blockdev", _blockdev("results", drives.results, "raw", "discard=unmap"),
        "-device", "virtio-blk-pci,drive=results,serial=HALLMARK-RESULTS",
        "-device", "virtio-scsi-pci,id=scsi",
        "-blockdev", _blockdev("media", drives.media, "raw", "read-only=on"),
        "-device", "scsi-cd,bus=scsi.0,drive=media",
        "-blockdev", _blockdev("seed", drives.seed, "raw", "read-only=on"),
        "-device", "scsi-cd,bus=scsi.0,drive=seed",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    ]
    # fmt: on


def run_until_power_off(
    shape: Shape,
    drives: Drives,
    *,
    work: Path,
    deadline: float,
    on_progress: Callable[[Progress], None],
    reboots: int = 0,
) -> Run:
    """Start a machine and wait until its guest has powered it off.

    `deadline` is in seconds from power-on. Raises MachineError, naming the console's log, when the guest panics,
    reboots more than `reboots` times, hangs or floods its console; HostError when this host ends it: a full disk, a
    signal, a QEMU that fails; PrerequisiteError when QEMU or its firmware is missing.
    """
    variables = copy_firmware_variables(work)
    reach = Reach(
        reads=(drives.media, drives.seed, *drives.backing),
        writes=(drives.disk, drives.results, variables),
        devices=shape.accelerator.devices,
    )
    args = qemu_args(shape, drives, variables=variables, reboots=reboots)
    return asyncio.run(_Session(work, on_progress, reach, reboots).run(args, deadline))


def copy_firmware_variables(work: Path) -> Path:
    """A machine's own copy of the firmware's variables, in `work`; PrerequisiteError when the firmware is missing."""
    for firmware in (OVMF_CODE, OVMF_VARS):
        if not firmware.exists():
            raise PrerequisiteError(f"{firmware}: not found on this machine; `make setup` installs it (package ovmf)")
    variables = work / "efi-variables.fd"
    variables.write_bytes(OVMF_VARS.read_bytes())
    return variables


class _Session:
    """One QEMU process, its monitor and its console."""

    def __init__(self, work: Path, on_progress: Callable[[Progress], None], reach: Reach, reboots: int) -> None:
        self._log = work / "console.log"
        self._errors = work / "qemu.log"
        self._reach = reach
        self._reboots_left = reboots
        self._console = Console(self._log, on_progress)

    async def run(self, args: list[str], deadline: float) -> Run:
        started = time.monotonic()
        try:
            async with self._started(args) as (process, monitor):
                try:
                    async with asyncio.timeout(deadline):
                        await self._follow(process, monitor)
                except TimeoutError:
                    raise self._error(f"the guest did not power off within {deadline:.0f} s") from None
        finally:
            self._console.close()
        return Run(seconds=time.monotonic() - started, console=self._log)

    @contextlib.asynccontextmanager
    async def _started(self, args: list[str]) -> AsyncIterator[tuple[asyncio.subprocess.Process, QMPClient]]:
        ours, theirs = socket.socketpair()
        monitor = QMPClient("hallmark")
        words = command(
            [*args, "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control"],
            reach=self._reach,
            package="qemu-system-x86",
        )
        with self._errors.open("wb") as errors, theirs:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=dict(ENVIRONMENT),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        try:
            await self._connect(monitor, ours)
            yield process, monitor
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            # asyncio sees a process's end only once its output was read to the end: a flood is not, up to here.
            if process.stdout is not None:
                await process.stdout.read()
            await process.wait()
            with contextlib.suppress(QMPError, OSError, EOFError):
                await monitor.disconnect()
            ours.close()

    async def _connect(self, monitor: QMPClient, ours: socket.socket) -> None:
        try:
            async with asyncio.timeout(_QMP_TIMEOUT):
                await monitor.connect(ours)
        except (QMPError, TimeoutError, OSError, EOFError) as error:
            raise self._error(f"QEMU did not start: {self._qemu_said() or error}", HostError) from error

    async def _follow(self, process: asyncio.subprocess.Process, monitor: QMPClient) -> None:
        console = asyncio.create_task(self._read_console(process))
        ending = asyncio.create_task(self._wait_for_ending(monitor))
        try:
            await asyncio.wait({console, ending}, return_when=asyncio.FIRST_COMPLETED)
            if console.done() and not ending.done():
                await asyncio.wait({ending}, timeout=2)
            if console.done():
                console.result()
            if self._console.panicked:
                raise self._error("the guest's kernel panicked")
            if not ending.done():
                raise await self._ended_by_itself(process)
            if ending.result() == "lost":
                raise await self._ended_by_itself(process)
            self._judge(ending.result())
            await asyncio.wait({console}, timeout=10)
        finally:
            for task in (console, ending):
                task.cancel()
            await asyncio.gather(console, ending, return_exceptions=True)

    async def _ended_by_itself(self, process: asyncio.subprocess.Process) -> MachineError:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_MOMENT):
                await process.wait()
        return self._error(describe_end(process.returncode, self._qemu_said()), HostError)

    async def _read_console(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while data := await process.stdout.read(65536):
            self._console.feed(data)
            if self._console.panicked:
                await asyncio.sleep(1)
                return

    async def _wait_for_ending(self, monitor: QMPClient) -> str:
        with monitor.listener(("SHUTDOWN", "RESET", "GUEST_PANICKED", "BLOCK_IO_ERROR")) as events:
            async for event in events:
                if event["event"] == "GUEST_PANICKED":
                    return "panic"
                data = event.get("data")
                details = data if isinstance(data, dict) else {}
                if event["event"] == "BLOCK_IO_ERROR" and details.get("nospace"):
                    return "no-space"
                if event["event"] == "SHUTDOWN":
                    return str(details.get("reason"))
                if event["event"] == "RESET" and details.get("guest"):
                    if not self._reboots_left:
                        return "guest-reset"
                    self._reboots_left -= 1
        return "lost"

    def _judge(self, ending: str) -> None:
        if ending == "guest-shutdown":
            return
        reasons = {
            "panic": "the guest's kernel panicked",
            "guest-panic": "the guest's kernel panicked",
            "guest-reset": "the guest rebooted instead of powering off (a panic, a watchdog or a script that reboots)",
            "no-space": "no room left on the host for the guest's disk; free some space and run again",
            "host-signal": "QEMU was ended by a signal that asks a program to end; somebody on this host sent it",
        }
        kind = HostError if ending in ("no-space", "host-signal") else MachineError
        raise self._error(reasons.get(ending, f"the machine ended unexpectedly ({ending}): {self._qemu_said()}"), kind)

    def _qemu_said(self) -> str:
        text = self._errors.read_text(errors="replace").strip() if self._errors.exists() else ""
        return text.splitlines()[-1] if text else ""

    def _error(self, what: str, kind: type[MachineError] = MachineError) -> MachineError:
        return kind(f"{what}; console log: {self._log}")


def describe_end(code: int | None, said: str) -> str:
    """What to say of a QEMU that ended though its guest had not: `code` as the kernel or a shell would tell it."""
    number = -code if code is not None and code < 0 else (code or 0) - _SHELL  # bubblewrap tells it as a shell does
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"QEMU ended by itself (exit code {'unknown' if code is None else code}): {said or 'it said nothing'}"
    if number == signal.SIGKILL:
        return (
            f"QEMU was ended by {name}: most often the kernel does that for want of memory (`dmesg` says so); "
            "free some, or lower machine.memory_mib, and run again"
        )
    return f"QEMU was ended by {name}: {said or 'it said nothing'}"


def _escape(path: Path) -> str:
    return str(path).replace(",", ",,")


def _blockdev(name: str, path: Path, driver: str, options: str) -> str:
    cache = "cache.direct=off,cache.no-flush=on"
    return (
        f"driver={driver},node-name={name},{options},{cache},file.driver=file,file.filename={_escape(path.resolve())}"
    )
