"""Every way in which a guest can end is told apart, the console's log is kept and named, and no machine is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hallmark.common import process
from hallmark.common.errors import MachineError, PrerequisiteError, ResultsError
from hallmark.guest.console import Progress
from hallmark.guest.results import read_results
from hallmark.local.machine import Drives
from tests.integration.machine.conftest import HUNG, RunScript
from tests.integration.machine.small_guest import processes_of, script_medium
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]


def test_a_guest_that_powers_off_is_done_and_what_it_says_is_heard(run_script: RunScript, tmp_path: Path) -> None:
    said: list[Progress] = []
    done = run_script(
        "printf '::hallmark:: progress patch 1 2 open\\033]0;owned\\007ssl\\033[2J\\n' >/dev/ttyS0\nsleep 1", said=said
    )
    assert done.console == tmp_path / "console.log"
    assert 0 < done.seconds < HUNG
    assert [(p.stage, p.step, p.steps) for p in said] == [("patch", 1, 2)]
    # What steers a terminal is in the log, for who looks for it, but reaches no terminal.
    assert b"\x1b]0;owned" in done.console.read_bytes()
    assert all(character.isprintable() for character in str(said[0]))


def test_a_guest_that_powers_off_early_has_written_nothing(
    run_script: RunScript, drives: Drives, tmp_path: Path
) -> None:
    run_script("exit_early=yes")
    with pytest.raises(ResultsError, match=r"results\.raw: the guest wrote nothing; see the console log") as caught:
        read_results(drives.results, tmp_path / "results")
    assert caught.value.exit_code == 5
    assert not (tmp_path / "results").exists()


def test_a_guest_that_hangs_is_ended_at_the_deadline(run_script: RunScript, tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        run_script("echo waiting for ever >/dev/ttyS0; while :; do sleep 1; done", deadline=60)
    log = tmp_path / "console.log"
    assert str(caught.value) == f"the guest did not power off within 60 s; console log: {log}"
    assert "waiting for ever" in log.read_text(errors="replace")


def test_a_kernel_panic_ends_the_machine_at_once(run_script: RunScript, tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        run_script("echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 1000")
    assert str(caught.value) == f"the guest's kernel panicked; console log: {tmp_path / 'console.log'}"
    assert "Kernel panic - not syncing" in (tmp_path / "console.log").read_text(errors="replace")


def test_a_guest_that_reboots_gets_no_second_life(run_script: RunScript, tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        run_script("echo once >/dev/ttyS0; reboot -f")
    assert str(caught.value) == (
        "the guest rebooted instead of powering off (a panic, a watchdog or a script that reboots); "
        f"console log: {tmp_path / 'console.log'}"
    )
    assert (tmp_path / "console.log").read_text(errors="replace").count("once") == 1


def test_a_guest_that_is_to_boot_twice_does_and_not_more_often(run_script: RunScript, tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    once = "case $(head -c 4 /dev/vdb) in once) ;; *) printf once >/dev/vdb; sync; reboot -f ;; esac"
    run_script(f"echo a life >/dev/ttyS0; {once}", reboots=1)
    assert log.read_text(errors="replace").count("a life") == 2
    with pytest.raises(MachineError, match="the guest rebooted instead of powering off"):
        run_script("echo a life >/dev/ttyS0; reboot -f", reboots=1)
    assert log.read_text(errors="replace").count("a life") == 2


def test_a_guest_that_floods_its_console_is_ended(
    run_script: RunScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hallmark.guest.console.LOG_LIMIT", 1 << 20)
    with pytest.raises(MachineError, match="the guest wrote more than 1 MiB to its console"):
        run_script("yes 'all work and no play' >/dev/ttyS0")
    assert (tmp_path / "console.log").stat().st_size <= 1 << 20


def test_without_qemu_the_error_names_its_package(
    run_script: RunScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "setpriv").symlink_to("/usr/bin/setpriv")
    monkeypatch.setattr(process, "PATH", str(programs))
    with pytest.raises(PrerequisiteError) as caught:
        run_script("")
    assert str(caught.value) == (
        "qemu-system-x86_64: not found on this machine; `make setup` installs it (package qemu-system-x86)"
    )
    assert caught.value.exit_code == 3


def test_a_full_host_disk_is_called_so(run_script: RunScript, drives: Drives, tmp_path: Path) -> None:
    """The overlay lies on a file system that is too small for what the guest writes."""
    script_medium(drives.media, "dd if=/dev/urandom of=/dev/vda bs=1M seek=100 count=64; sync; sleep 1000")
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(
        [*_OWN_MOUNTS, "sh", "-ec", _ON_A_SMALL_DISK, "sh", small, drives.disk, sys.executable, ROOT, *drives.backing],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HUNG,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert done.stdout.strip() == (
        "no room left on the host for the guest's disk; free some space and run again; "
        f"console log: {tmp_path / 'console.log'}"
    )


def test_qemu_dies_with_the_process_that_runs_it(drives: Drives, tmp_path: Path) -> None:
    script_medium(drives.media, "echo at work >/dev/ttyS0; while :; do sleep 1; done")
    log = tmp_path / "console.log"
    runner = subprocess.Popen([sys.executable, "-c", _RUNNER, ROOT, drives.disk, *drives.backing], cwd=tmp_path)
    try:
        wait_until(lambda: log.exists() and b"at work" in log.read_bytes(), HUNG)
        assert _machines(tmp_path)
        os.kill(runner.pid, signal.SIGKILL)
        runner.wait(timeout=10)
        wait_until(lambda: not _machines(tmp_path), 2.0)
    finally:
        runner.kill()
        runner.wait(timeout=10)


_RUNNER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from hallmark.common.errors import HallmarkError
from hallmark.local.machine import Drives, run_until_power_off
from tests.integration.machine.conftest import HUNG, SHAPE
here = Path.cwd()
drives = Drives(
    disk=Path(sys.argv[2]), media=here / "media.iso", seed=here / "seed.iso", results=here / "results.raw",
    backing=(Path(sys.argv[3]),),
)
try:
    run_until_power_off(SHAPE, drives, work=here, deadline=HUNG, on_progress=print)
except HallmarkError as error:
    print(error)
    sys.exit(error.exit_code)
"""
_OWN_MOUNTS = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "--"]
_ON_A_SMALL_DISK = (
    'mount -t tmpfs -o size=16m tmpfs "$1"; cp "$2" "$1/overlay.qcow2"; '
    f"""exec "$3" -c '{_RUNNER}' "$4" "$1/overlay.qcow2" "$5" """
)


def _machines(folder: Path) -> list[int]:
    """QEMU's processes that have a drive in this folder."""
    return [pid for pid in processes_of(str(folder)) if _command(pid).startswith("qemu-system")]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
