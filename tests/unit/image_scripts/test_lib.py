"""image_scripts/lib.py, which checks share, on this machine's own files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[3] / "image_scripts"
OF_CHECKS = """
import lib, pathlib, sys
print(*(lib.is_of_checks(pathlib.Path("/proc", number)) for number in sys.argv[1:]))
"""
GONE = """
import lib, os, run_checks, sys
files = list(lib.walk(sys.argv[1]))
os.unlink(files[0].path)
look = run_checks._load("no-secrets").__globals__
print(look["contents_of"](files), look["binary_keys"](files), look["as_packaged"](files[0].path))
"""
REAL = """
import lib, os, sys
for path in sys.argv[1:]:
    print(path, lib.real_path(path), os.path.realpath(path))
"""
CHILD = """
import lib, os
print(*(lib.in_child(work) for work in (lambda: "yes", lambda: "", lambda: 1 / 0, lambda: os._exit(1))))
"""
WALK = "import lib, sys; [print(file.path) for file in lib.walk(sys.argv[1])]"
ORDERED = """
import run_checks, sys
orders = run_checks._load("package-integrity").__globals__["ORDERS"]
print(*filter(orders.match, sys.argv[1:]))
"""
# Each alone is a way for somebody who was root once to be root again.
ORDERS = """
/etc/cloud/cloud.cfg.d/zz.cfg /etc/cron.d/zz /etc/crontab /etc/dbus-1/system.d/zz.conf /etc/default/grub.d/zz.cfg
/etc/environment /etc/grub.d/99_zz /etc/kernel/postinst.d/zz /etc/ld.so.conf.d/zz.conf /etc/ld.so.preload
/etc/logrotate.d/zz /etc/modprobe.d/zz.conf /etc/modules /etc/modules-load.d/zz.conf /etc/network/if-up.d/zz
/etc/polkit-1/rules.d/zz.rules /etc/profile.d/zz.sh /etc/rc.local /etc/ssh/sshrc /etc/systemd/system-generators/zz
/etc/systemd/system.conf.d/zz.conf /etc/systemd/system/zz.service /etc/systemd/user-environment-generators/zz
/etc/systemd/user/zz.service /etc/tmpfiles.d/zz.conf /etc/udev/rules.d/zz.rules /etc/update-motd.d/99-zz
/root/.bashrc /usr/local/bin/ls /usr/local/lib/python3.13/dist-packages/zz.pth /usr/local/lib/systemd/system/zz.service
/usr/share/dbus-1/system-services/zz.service /usr/share/polkit-1/rules.d/zz.rules
/var/lib/cloud/scripts/per-boot/zz /var/spool/cron/crontabs/root
"""
# What a machine's ordinary life writes.
LIFE = """
/etc/default/locale /etc/hostname /etc/ld.so.cache /etc/machine-id /etc/network/interfaces.d/50-cloud-init
/etc/ssh/ssh_host_ed25519_key /etc/systemd/network/10-cloud-init-eth0.network /home/ada/.bashrc /root/.bash_history
/usr/local/share/man/man1/zz.1 /var/lib/cloud/instance/scripts/part-001 /var/spool/cron/crontabs/ada
"""


def walked(folder: Path) -> list[str]:
    words = [sys.executable, "-c", WALK, str(folder)]
    done = subprocess.run(words, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    return [str(Path(line).relative_to(folder)) for line in done.stdout.splitlines()]


def test_a_walk_gives_a_folder_before_what_is_in_it_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/z", "b/a/deep/er", "c", "a/1"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "link").symlink_to("b")
    assert walked(tmp_path) == ["a", "a/1", "b", "b/a", "b/a/deep", "b/a/deep/er", "b/z", "c", "link"]


def test_a_walk_of_a_folder_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    assert walked(tmp_path / "gone") == []


def test_what_the_runner_of_checks_has_started_is_told_from_others() -> None:
    """This process is the runner here; a child's child is its own, the first process and its own parent are not."""
    with subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        sleeper = child.stdout.readline().strip()
        numbers = [str(child.pid), sleeper, "1", str(os.getppid()), str(os.getpid()), "4194305"]
        words = [sys.executable, "-c", OF_CHECKS, *numbers]
        done = subprocess.run(words, cwd=SCRIPTS, capture_output=True, text=True, check=True)
        os.kill(int(sleeper), signal.SIGKILL)
    assert done.stdout.split() == ["True", "True", "False", "False", "False", "False"]


def test_a_file_that_is_gone_since_the_walk_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"PRIVATE KEY")
    words = [sys.executable, "-c", GONE, str(tmp_path)]
    done = subprocess.run(words, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout == "{} {} False\n"


def test_where_a_path_leads_is_told_as_python_tells_it(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/file").touch()
    links = {
        "relative": "a/file", "up": "a/b/../file", "folder": "a/b/", "dot": "a/b/.", "parent": "a/b/..", "root": "/",
        "nowhere": "a/none/deeper", "itself": "itself", "one": "other", "other": "one",
        "chain": "folder/../../relative", "a/b/through": "../../folder/../file", "inner": "itself/deeper",
        "absolute": f"{tmp_path}/a/file",
    }  # fmt: skip
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    paths = [*(str(tmp_path / name) for name in (*links, "folder/through", "a/file")), "/", "/none"]
    words = [sys.executable, "-c", REAL, *paths]
    done = subprocess.run(words, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    told = [line.split() for line in done.stdout.splitlines()]
    assert [real for _, real, _ in told] == [real for _, _, real in told]
    assert len({real for _, real, _ in told}) > 8


def test_python_and_shell_look_for_units_in_the_same_folders() -> None:
    in_python = [sys.executable, "-c", "import lib; print(*lib.UNIT_FOLDERS)"]
    in_shell = ["sh", "-c", ". ./lib.sh; echo $UNIT_FOLDERS"]
    first, second = (
        subprocess.run(words, cwd=SCRIPTS, capture_output=True, text=True, check=True).stdout.split()
        for words in (in_python, in_shell)
    )
    assert sorted(first) == sorted(second)
    assert len(first) > 5


def test_a_process_that_ends_before_it_could_say_has_said_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout == "yes None None None\n"


def test_what_root_obeys_is_looked_at_and_what_life_writes_is_not() -> None:
    words = [sys.executable, "-c", ORDERED, *ORDERS.split(), *LIFE.split()]
    done = subprocess.run(words, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ORDERS.split()
