"""What a program that root starts can touch: its own folders, and nothing else of this machine."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hallmark.common import process
from hallmark.common.containment import NOTHING, Reach, writing
from hallmark.common.errors import PrerequisiteError
from hallmark.common.process import Completed, command, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only what root starts is contained")


class Places:
    """A folder that a program may write, and a file of the host's beside it."""

    def __init__(self, folder: Path) -> None:
        self.own = folder / "own"
        self.own.mkdir()
        self.foreign = folder / "foreign"
        self.foreign.write_text("the host's\n")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def sh(script: str, *words: str | Path, reach: Reach = NOTHING) -> Completed:
    """Run a line of shell with this reach; in it the words are $1, $2, and so on."""
    return run(["sh", "-c", script, "sh", *words], reach=reach, check=False, timeout=20)


def test_a_program_writes_in_its_own_folder_and_only_there(places: Places) -> None:
    script = 'echo mine >"$1/made"; echo lost >"$2"; rm -f "$2"; cat "$2"'
    done = sh(script, places.own, places.foreign, reach=writing(places.own))
    assert (places.own / "made").read_text() == "mine\n"
    assert places.foreign.read_text() == done.stdout == "the host's\n"
    assert done.stderr.count("Read-only file system") == 2


@pytest.mark.parametrize("installs", [False, True])
@pytest.mark.parametrize("folder", ["/etc", "/usr", "/var/lib/apt/lists", "/boot", "/tmp", "/root", "/sys/fs/cgroup"])
def test_the_hosts_folders_are_read_only(places: Places, folder: str, installs: bool) -> None:
    done = sh('touch "$1/hallmark-was-here"', folder, reach=Reach(writes=(places.own,), installs=installs))
    assert done.returncode != 0
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("reach", [NOTHING, Reach(installs=True), Reach(network=True)])
def test_the_kernels_settings_are_read_only(reach: Reach) -> None:
    done = sh("cat /proc/sys/kernel/panic >/proc/sys/kernel/panic", reach=reach)
    assert "Read-only file system" in done.stderr


def test_a_program_with_reads_sees_the_installed_programs_and_its_own_files_alone(places: Places) -> None:
    read = places.own.with_name("read")
    read.write_text("to be read\n")
    reach = Reach(reads=(read,), writes=(places.own,))
    done = sh(
        'cat "$1"; echo mine >"$2/made"; ls -A / "$4"; cat "$3" /etc/passwd',
        read,
        places.own,
        places.foreign,
        "/etc",
        reach=reach,
    )
    assert (places.own / "made").read_text() == "mine\n"
    assert done.stdout.startswith("to be read\n")
    assert not {"root", "home", "sys", "var"} & set(done.stdout.split()) - set(str(places.own).split("/"))
    assert "shadow" not in done.stdout
    assert done.stderr.count("No such file or directory") == 2
    assert sh('echo lost >"$1"', read, reach=reach).returncode != 0
    assert sh("grep -E '^CapEff' /proc/self/status", reach=reach).stdout == f"CapEff:\t{0:016x}\n"


def test_a_file_is_seen_by_the_link_that_names_it(places: Places) -> None:
    link = places.own.with_name("link")
    link.symlink_to(places.foreign)
    assert sh('cat "$1"', link, reach=Reach(reads=(link,))).stdout == "the host's\n"


def test_an_apt_that_has_lost_its_way_removes_no_lists_but_its_own(places: Places) -> None:
    lists = places.foreign.with_name("lists")
    (lists / "partial").mkdir(parents=True)
    (lists / "a_mirror_Packages").write_text("Package: sudo\n")
    options = ["-o", f"Dir::State::lists={lists}", "-o", "Dir::Etc::SourceList=/dev/null"]
    update = ["apt-get", *options, "-o", "Dir::Etc::SourceParts=/dev/null", "update"]
    run(update, reach=Reach(writes=(places.own,), installs=True), check=False, timeout=60)
    assert (lists / "a_mirror_Packages").exists()
    run(update, reach=Reach(writes=(lists,), installs=True), check=False, timeout=60)
    assert not (lists / "a_mirror_Packages").exists()


def test_a_folder_is_writable_by_whatever_name(places: Places, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(places.own)
    assert sh('echo mine >"$1/made"', tmp_path / "link", reach=writing(tmp_path / "link")).returncode == 0
    assert (places.own / "made").exists()


@contextmanager
def listener(family: socket.AddressFamily, address: object) -> Iterator[str]:
    """Something of the host's that listens; yields a line of Python that connects to it."""
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(address)  # type: ignore[arg-type]
        server.listen()
        yield f"import socket; socket.socket({int(family)}, socket.SOCK_STREAM).connect({server.getsockname()!r})"


# The kernel chooses the port, and the name of an abstract socket.
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, "")])
def test_a_program_without_network_reaches_no_listener_of_the_hosts(
    family: socket.AddressFamily, address: object
) -> None:
    with listener(family, address) as line:
        refused = run(["python3", "-c", line], check=False, timeout=20)
        assert refused.returncode != 0
        assert "ConnectionRefusedError" in refused.stderr
        assert run(["python3", "-c", line], reach=Reach(network=True), timeout=20).returncode == 0


def test_a_program_without_network_sees_no_socket_of_a_service() -> None:
    assert sh("find /run -type s").stdout == ""
    assert sh("cd /run && : >mine && ls").stdout == "mine\n"


def test_a_program_has_no_disk_of_the_hosts(places: Places) -> None:
    done = sh('find /dev -type b; mknod "$1/disk" b 1 1 || true; cat "$1/disk"', places.own, reach=writing(places.own))
    assert done.stdout == ""
    assert not (places.own / "disk").exists()


def test_a_device_is_there_for_who_names_it() -> None:
    see = "[ -c /dev/hwrng ] || [ -c /dev/kmsg ] || [ -c /dev/mem ]"
    assert sh(see).returncode == 1
    device = next(path for path in map(Path, ("/dev/hwrng", "/dev/kmsg", "/dev/mem", "/dev/ptmx")) if path.exists())
    assert sh('[ -c "$1" ]', device, reach=Reach(devices=(device,))).returncode == 0


def test_a_tool_has_hardly_any_capability_and_no_more_by_starting_another() -> None:
    held = sh("grep -E '^Cap(Prm|Eff)' /proc/self/status | cut -f 2 | sort -u").stdout
    assert held == f"{1 << 1:016x}\n"  # CAP_DAC_OVERRIDE
    assert "permission denied" in sh('mount -o remount,rw / || mount -t tmpfs none "$1"', "/mnt").stderr


def test_an_installer_gives_away_files_and_mounts(places: Places) -> None:
    script = 'cd "$1" && touch theirs && chown 4711:4712 theirs && mkdir m && mount -t tmpfs none m && chroot / true'
    assert sh(script, places.own, reach=Reach(writes=(places.own,), installs=True)).returncode == 0
    assert (places.own / "theirs").stat().st_uid == 4711
    assert str(places.own) not in Path("/proc/self/mounts").read_text()


def test_a_contained_program_takes_its_children_with_it() -> None:
    started = time.monotonic()
    marker = f"97.{os.getpid()}"
    sh(f"setsid sleep {marker} >/dev/null 2>&1 & echo started")
    assert time.monotonic() - started < 10
    # The kernel ends a namespace's processes with its first one; on a busy machine they are seen for a moment longer.
    while running(f"sleep\0{marker}\0") and time.monotonic() - started < 30:
        time.sleep(0.05)
    assert not running(f"sleep\0{marker}\0")


def running(words: str) -> bool:
    """Whether a process has this command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            if path.read_bytes() == words.encode():
                return True
    return False


def test_a_machine_that_cannot_contain_is_told_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: Creating new namespace failed: Operation not permitted' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(process, "PATH", f"{tmp_path}:{process.PATH}")
    with pytest.raises(PrerequisiteError) as refused:
        run(["true"], check=False, timeout=20)
    assert str(refused.value) == (
        "true: cannot be contained: bwrap: Creating new namespace failed: Operation not permitted; "
        "as root this takes the right to mount (CAP_SYS_ADMIN): give it to the container that this runs in, "
        "or run as another user than root"
    )


def test_who_is_not_root_is_not_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not [word for word in command(["true"]) if "bwrap" in word]
