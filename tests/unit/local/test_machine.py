"""A machine has no way in and no way out: what isolation rests on is on QEMU's command line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from hallmark.common.errors import PrerequisiteError
from hallmark.local import machine
from hallmark.local.accelerator import KVM, TCG, Accelerator
from hallmark.local.machine import (
    RESULTS_MIB,
    Drives,
    Shape,
    describe_end,
    make_results_disk,
    qemu_args,
    run_until_power_off,
)


def shape(accelerator: Accelerator = TCG) -> Shape:
    return Shape(memory_mib=1024, cpus=2, accelerator=accelerator)


def drives(folder: Path = Path("/work")) -> Drives:
    return Drives(
        disk=folder / "disk.qcow2",
        media=folder / "media.iso",
        seed=folder / "seed.iso",
        results=folder / "results.raw",
    )


def options(args: list[str], name: str) -> list[str]:
    """The values of every option of this name."""
    return [value for option, value in pairwise(args) if option == name]


@pytest.fixture(params=[TCG, KVM], ids=lambda accelerator: accelerator.name)
def args(request: pytest.FixtureRequest) -> list[str]:
    return qemu_args(shape(request.param), drives(), variables=Path("/work/vars.fd"))


def test_there_is_no_network_of_any_kind(args: list[str]) -> None:
    assert options(args, "-nic") == ["none"]
    assert "-netdev" not in args
    assert "-net" not in args
    assert not [word for word in args if "virtio-net" in word or "e1000" in word or "rtl8139" in word]


def test_there_is_no_device_but_those_that_are_named(args: list[str]) -> None:
    assert "-nodefaults" in args
    assert "-no-user-config" in args
    assert sorted(value.split(",")[0] for value in options(args, "-device")) == [
        "pvpanic-pci",
        "scsi-cd",
        "scsi-cd",
        "virtio-blk-pci",
        "virtio-blk-pci",
        "virtio-rng-pci",
        "virtio-scsi-pci",
    ]


def test_no_channel_leads_into_the_guest_or_out_of_it_but_its_console(args: list[str]) -> None:
    assert options(args, "-serial") == ["chardev:console"]
    assert options(args, "-chardev") == ["stdio,id=console,signal=off"]
    assert options(args, "-display") == ["none"]
    assert options(args, "-vga") == ["none"]
    forbidden = ("virtio-serial", "virtserialport", "9p", "virtiofs", "vhost", "usb", "guestfwd", "-virtfs", "-fsdev")
    assert not [word for word in args if any(name in word for name in forbidden)]


def test_media_and_seed_can_only_be_read(args: list[str]) -> None:
    blocks = {value.split("node-name=")[1].split(",")[0]: value for value in options(args, "-blockdev")}
    assert sorted(blocks) == ["disk", "media", "results", "seed"]
    assert sorted(name for name, value in blocks.items() if "read-only=on" in value) == ["media", "seed"]
    assert [value for value in options(args, "-device") if value.startswith("scsi-cd")] == [
        "scsi-cd,bus=scsi.0,drive=media",
        "scsi-cd,bus=scsi.0,drive=seed",
    ]


def test_the_firmware_can_only_be_read_and_its_variables_are_a_copy(args: list[str]) -> None:
    code, variables = options(args, "-drive")
    assert "readonly=on" in code
    assert variables.endswith("file=/work/vars.fd")


def test_a_results_disk_is_raw_and_is_never_probed_for_a_format(args: list[str]) -> None:
    results = next(value for value in options(args, "-blockdev") if "node-name=results" in value)
    assert results.startswith("driver=raw,")
    assert all("driver=qcow2" in value or "driver=raw" in value for value in options(args, "-blockdev"))


def test_qemu_itself_is_confined(args: list[str]) -> None:
    assert options(args, "-sandbox") == ["on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]


def test_a_guest_that_reboots_or_panics_ends(args: list[str]) -> None:
    assert "-no-reboot" in args
    assert options(args, "-action") == ["panic=shutdown"]


def test_a_guest_that_is_to_boot_twice_may_reboot() -> None:
    args = qemu_args(shape(), drives(), variables=Path("/work/vars.fd"), reboots=1)
    assert "-no-reboot" not in args
    assert options(args, "-action") == ["panic=shutdown"]


def test_the_shape_is_what_was_asked_for(args: list[str]) -> None:
    assert options(args, "-m") == ["1024"]
    assert options(args, "-smp") == ["2"]
    assert len(options(args, "-accel")) == 1


def test_a_path_with_a_comma_is_no_option_of_qemus() -> None:
    odd = qemu_args(shape(), drives(Path("/a,read-only=off")), variables=Path("/a,b/vars.fd"))
    media = next(value for value in options(odd, "-blockdev") if "node-name=media" in value)
    assert media.endswith("file.filename=/a,,read-only=off/media.iso")
    assert options(odd, "-drive")[1].endswith("file=/a,,b/vars.fd")


def test_a_results_disk_is_empty_and_takes_no_room(tmp_path: Path) -> None:
    make_results_disk(tmp_path / "results.raw")
    stat = (tmp_path / "results.raw").stat()
    assert (stat.st_size, stat.st_blocks) == (RESULTS_MIB << 20, 0)


def test_missing_firmware_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OVMF_VARS", tmp_path / "OVMF_VARS.fd")
    monkeypatch.setattr(machine, "OVMF_CODE", tmp_path)
    with pytest.raises(PrerequisiteError) as missing:
        run_until_power_off(shape(), drives(), work=tmp_path, deadline=1, on_progress=print)
    assert str(missing.value) == (
        f"{tmp_path}/OVMF_VARS.fd: not found on this machine; `make setup` installs it (package ovmf)"
    )


def test_missing_qemu_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OVMF_VARS", "OVMF_CODE"):
        (tmp_path / name).write_bytes(b"")
        monkeypatch.setattr(machine, name, tmp_path / name)
    monkeypatch.setattr("hallmark.common.process.PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError) as missing:
        run_until_power_off(shape(), drives(), work=tmp_path, deadline=1, on_progress=print)
    assert str(missing.value) == (
        "qemu-system-x86_64: not found on this machine; `make setup` installs it (package qemu-system-x86)"
    )


@pytest.mark.parametrize("code", [-9, 137])
def test_a_qemu_that_was_killed_is_told_with_the_signal_and_who_usually_sends_it(code: int) -> None:
    """By itself, or below bubblewrap."""
    assert describe_end(code, "") == (
        "QEMU was ended by SIGKILL: most often the kernel does that for want of memory (`dmesg` says so); "
        "free some, or lower machine.memory_mib, and run again"
    )


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (-11, "", "QEMU was ended by SIGSEGV: it said nothing"),
        (1, "no such disk", "QEMU ended by itself (exit code 1): no such disk"),
        (0, "", "QEMU ended by itself (exit code 0): it said nothing"),
        (None, "", "QEMU ended by itself (exit code unknown): it said nothing"),
    ],
)
def test_any_other_end_of_qemu_is_told_with_what_it_said(code: int | None, said: str, told: str) -> None:
    assert describe_end(code, said) == told
