"""image_scripts/remote.sh, whole, on a real Debian 13: an `ssh` that stands in runs it in a scratch root."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from hallmark.drift.ssh import Login, look
from hallmark.guest.checks_archive import make_archive
from hallmark.verdict.observed import read_controls
from tests.integration.guest.plans import SCRIPTS
from tests.integration.guest.scratch import as_root

# A machine that has booted: its root, /run, /tmp and /dev/shm can be written, and sshd's folder is there.
MACHINE = """
set -eu
mount -t tmpfs -o mode=0755 scratch /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
mkdir dev/shm run/sshd usr/share/hallmark
mount -t tmpfs -o mode=1777 tmpfs dev/shm
for node in null zero urandom; do : >"dev/$node"; mount --bind "/dev/$node" "dev/$node"; done
echo web-0123456789abcdef >usr/share/hallmark/image
find /mnt/upper run tmp dev | sort >/mnt/before
code=0
chroot . /bin/sh -c "$2" || code=$?
find /mnt/upper run tmp dev | sort >/mnt/after
cmp /mnt/before /mnt/after >&2
exit "$code"
"""
TRY_TO_WRITE = """
for place in /etc /usr /var /var/log /root /run /tmp /dev/shm /dev; do
    if (: >"$place/written") 2>/dev/null; then echo "FAIL $place"; exit 1; fi
done
if (echo 1 >/proc/sys/kernel/sysrq) 2>/dev/null; then echo "FAIL /proc/sys"; exit 1; fi
if echo x 2>/dev/null >>/etc/passwd; then echo "FAIL /etc/passwd"; exit 1; fi
scratch=$(mktemp -d)
: >"$scratch/here"
[ -z "$HALLMARK_MEDIA" ]
[ "$HALLMARK_PHASE" = drift ]
"""


def archive(**checks: str) -> bytes:
    """Controls made up for the purpose, with their plan."""
    names = ("lib.sh", "lib.py", "pam.py", "controls.sh", "run_checks.py", "people.py")
    files = {f"image_scripts/{name}": (SCRIPTS / name).read_bytes() for name in names}
    files |= {f"image_scripts/controls/{name}/check.sh": text.encode() for name, text in checks.items()}
    files |= {f"plan/env/{name}": b"" for name in checks}
    files |= {"plan/plan": "".join(f"{name}\n" for name in checks).encode(), "plan/waived": b""}
    return make_archive(files)


@pytest.fixture
def machine(pristine_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in on PATH; the folder for results."""
    script = tmp_path / "machine.sh"
    script.write_text(MACHINE)
    words = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--"]
    words += ["/bin/sh", str(script), str(pristine_root)]
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\nfor word; do :; done\nexec {shlex.join(map(str, as_root([*words])))} "$word"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    return tmp_path / "results"


def remote(results: Path, data: bytes) -> list[str | None]:
    said: list[str | None] = []

    def answer(image: str | None) -> bytes:
        said.append(image)
        return data

    look(Login(host="server", password=lambda: ""), (SCRIPTS / "remote.sh").read_text(), answer, results, seconds=60)
    return said


def test_checks_write_nothing_and_have_a_place_of_their_own(machine: Path) -> None:
    assert remote(machine, archive(writer=TRY_TO_WRITE)) == ["web-0123456789abcdef"]
    result = read_controls(machine)["writer"]
    assert (result.exit_code, result.output) == (0, "")


def test_each_check_reports_whatever_it_says(machine: Path) -> None:
    remote(machine, archive(good="echo fine", bad="echo FAIL open; exit 1", broken="no-such-program"))
    got = {name: (result.exit_code, result.output) for name, result in read_controls(machine).items()}
    assert got["good"] == (0, "fine")
    assert got["bad"] == (1, "FAIL open")
    assert got["broken"][0] == 127
