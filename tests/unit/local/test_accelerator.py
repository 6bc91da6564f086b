"""KVM is taken where a real start proves it, with a program in QEMU's place that starts, hangs or fails."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from hallmark.common import process
from hallmark.local import accelerator
from hallmark.local.accelerator import KVM, SANDBOX, TCG, choose_accelerator
from tests.support.stand_ins import let_write

STARTS = 'echo "[    0.000000] Linux version 6.12"'
HANGS = "sleep 60"


class Host:
    """A host whose QEMU is a shell script; `starts` counts how often a guest was started."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache = folder / "cache"
        self.counter = folder / "starts"
        self._program = folder / "bin" / "qemu-system-x86_64"
        self._program.parent.mkdir()
        monkeypatch.setattr(process, "PATH", f"{self._program.parent}:{process.PATH}")
        let_write(accelerator, folder, monkeypatch)
        real = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: str(path) == "/dev/kvm" or real(path, mode))
        self.qemu(STARTS)

    def qemu(self, script: str, *, version: str = "10.0.2") -> None:
        """Put another QEMU in place."""
        self._program.write_text(
            f'#!/bin/sh\n[ "$1" != --version ] || {{ echo "QEMU emulator version {version}"; exit; }}\n'
            f'echo "$*" >>{self.counter}\n{script}\n'
        )
        self._program.chmod(0o755)

    @property
    def starts(self) -> int:
        return len(self.counter.read_text().splitlines()) if self.counter.exists() else 0

    def choose(self) -> str:
        return choose_accelerator(self.cache / "vmlinuz", self.cache).name


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_without_kvm_there_is_nothing_to_try(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert host.choose() == "tcg"
    assert host.starts == 0
    assert not host.cache.exists()


def test_a_kernel_that_speaks_proves_kvm(host: Host) -> None:
    assert host.choose() == "kvm"


def test_the_probe_may_make_no_more_system_calls_than_a_guests_machine(host: Host) -> None:
    host.choose()
    assert f" -sandbox {SANDBOX} " in host.counter.read_text()


def test_a_kernel_that_speaks_and_then_hangs_proves_kvm(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "PROBE_SECONDS", 1.0)
    host.qemu(f"{STARTS}\n{HANGS}")
    assert host.choose() == "kvm"


def test_a_kernel_that_never_speaks_is_no_proof_and_is_ended_in_time(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator, "PROBE_SECONDS", 1.0)
    host.qemu(HANGS)
    started = time.monotonic()
    assert host.choose() == "tcg"
    assert time.monotonic() - started < 10


def test_a_qemu_that_fails_is_no_proof(host: Host) -> None:
    host.qemu('echo "error: failed to set MSR 0x345" >&2; exit 134')
    assert host.choose() == "tcg"


@pytest.mark.parametrize(("script", "name"), [(STARTS, "kvm"), ("exit 1", "tcg")])
def test_the_answer_is_remembered(host: Host, script: str, name: str) -> None:
    host.qemu(script)
    assert [host.choose(), host.choose(), host.choose()] == [name] * 3
    assert host.starts == 1


def test_another_qemu_is_tried_anew(host: Host) -> None:
    host.choose()
    host.qemu("exit 1", version="11.0.0")
    assert host.choose() == "tcg"
    assert host.starts == 2


def test_another_boot_is_tried_anew(host: Host) -> None:
    host.choose()
    memory = host.cache / "accelerator.json"
    document = json.loads(memory.read_text())
    document["situation"][0] = "an earlier boot"
    memory.write_text(json.dumps(document))
    host.choose()
    assert host.starts == 2


@pytest.mark.parametrize("damage", ["", "[]", "{}", "null", '{"situation": 1}', "\x00"])
def test_a_damaged_memory_is_no_memory(host: Host, damage: str) -> None:
    host.choose()
    (host.cache / "accelerator.json").write_text(damage)
    assert host.choose() == "kvm"
    assert host.starts == 2


def test_emulation_does_without_avx_and_without_the_hosts_processor() -> None:
    assert TCG.arguments[:2] == ("-accel", "tcg,thread=multi,tb-size=512")
    assert "host" not in TCG.arguments
    assert "avx" not in " ".join(TCG.arguments)
    assert KVM.arguments == ("-accel", "kvm", "-cpu", "host")
