"""Chooses how a machine runs: KVM where a real kernel proves that it works, emulation elsewhere.

/dev/kvm may open and still fail, at once or by a silent hang, so its being there proves nothing. The answer is
remembered for as long as host kernel, QEMU and boot stay the same.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hallmark.common.containment import Reach
from hallmark.common.errors import PrerequisiteError, ProcessError
from hallmark.common.process import ENVIRONMENT, command, kill_group, run

PROBE_SECONDS = 10.0
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
"""The system calls that no QEMU of ours may make."""

_DEVICE = Path("/dev/kvm")
_FIRST_WORDS = b"Linux version"


@dataclass(frozen=True, kw_only=True, slots=True)
class Accelerator:
    """A way to run guests: QEMU's arguments for it, and what it takes of this machine: devices, memory of its own."""

    name: str
    arguments: tuple[str, ...]
    devices: tuple[Path, ...] = ()
    memory_mib: int = 0


_TRANSLATED_MIB = 512
# A model without AVX boots a quarter faster under emulation than `max`.
TCG = Accelerator(
    name="tcg",
    arguments=(
        *("-accel", f"tcg,thread=multi,tb-size={_TRANSLATED_MIB}"),
        *("-cpu", "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"),
    ),
    memory_mib=_TRANSLATED_MIB,
)
KVM = Accelerator(name="kvm", arguments=("-accel", "kvm", "-cpu", "host"), devices=(_DEVICE,))


def choose_accelerator(kernel: Path, cache: Path) -> Accelerator:
    """KVM when `kernel` (a Linux image) starts under it within seconds, TCG otherwise; remembered in `cache`."""
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        return TCG
    memory = cache / "accelerator.json"
    situation = _situation()
    try:
        remembered = json.loads(memory.read_text())
        if remembered["situation"] == situation:
            return KVM if remembered["kvm"] else TCG
    except (OSError, ValueError, KeyError, TypeError):
        pass
    works = _starts(kernel)
    cache.mkdir(parents=True, exist_ok=True)
    temporary = memory.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps({"situation": situation, "kvm": works}))
    temporary.replace(memory)
    return KVM if works else TCG


def qemu_version() -> str:
    """What QEMU says that it is, in one line; empty when it says nothing."""
    try:
        return run(["qemu-system-x86_64", "--version"], timeout=20).stdout.splitlines()[0]
    except (ProcessError, PrerequisiteError, IndexError):
        return ""


def _situation() -> list[str]:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return [boot, platform.release(), qemu_version()]


def _starts(kernel: Path) -> bool:
    # fmt: off
    args: list[str | Path] = [
        "qemu-system-x86_64", "-no-user-config", "-nodefaults", "-nic", "none", "-display", "none", "-m", "256",
        "-sandbox", SANDBOX, *KVM.arguments, "-kernel", kernel, "-append", "console=ttyS0 panic=-1", "-no-reboot",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    ]
    # fmt: on
    process = subprocess.Popen(
        command(args, reach=Reach(reads=(kernel,), devices=KVM.devices)),
        env=dict(ENVIRONMENT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired as expired:
        out = expired.stdout or b""
    finally:
        kill_group(process)
    return _FIRST_WORDS in out
