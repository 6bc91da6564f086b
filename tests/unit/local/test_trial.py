"""Booting an image for a person: the machine's network, its administrator, its end."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hallmark.common import process
from hallmark.common.errors import MachineError, PrerequisiteError, StoreError
from hallmark.common.fingerprint import hash_bytes
from hallmark.local import trial as run
from hallmark.local.accelerator import TCG
from hallmark.local.forward import Forward
from hallmark.local.trial import Access, Running, TrialOptions, boot, make_access, user_data
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.stand_ins import let_write
from tests.support.waiting import wait_until

# Stands in for QEMU: an SSH banner on the forwarded port, host keys on the console, until it is killed or told to stop.
FAKE_QEMU = f"""#!{sys.executable}
import os, re, select, socket, sys
words = sys.argv
with open(os.environ.get("SAID", "/dev/null"), "w") as said:
    said.write("\\n".join(words))
console = next(word.partition("path=")[2] for word in words if word.startswith("file,id=console"))
work = os.path.dirname(console)
behaviour = open(os.path.join(os.path.dirname(__file__), "behaviour")).read()
if behaviour == "broken":
    sys.exit("no such device")
with open(console, "w") as out:
    out.write("booting\\n-----BEGIN SSH HOST KEY KEYS-----\\nssh-ed25519 AAAAone root@web\\r\\n"
              "ecdsa-sha2-nistp256 AAAAtwo= root@web\\n-----END SSH HOST KEY KEYS-----\\n")
port = int(re.search(r"hostfwd=tcp:127\\.0\\.0\\.1:(\\d+)-:22", " ".join(words)).group(1))
listener = socket.create_server(("127.0.0.1", port))
client = listener.accept()[0]
if behaviour == "slow" and select.select([client], [], [], 4)[0]:
    sys.exit("it left without a word")
client.sendall(b"SSH-2.0-OpenSSH_10.0\\r\\n")
open(os.path.join(os.path.dirname(__file__), "words"), "w").write("\\n".join(words))
while behaviour == "stay":
    listener.accept()
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that comes first, with a stand-in for QEMU in it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "qemu-system-x86_64").write_text(FAKE_QEMU)
    (folder / "qemu-system-x86_64").chmod(0o755)
    (folder / "behaviour").write_text("off")
    monkeypatch.setattr(process, "PATH", f"{folder}:{process.PATH}")
    let_write(run, folder, monkeypatch)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@pytest.fixture
def image(store: Store) -> Image:
    """An accepted image with a real, empty disk."""
    with store.workdir("build") as work:
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", work / "disk", "16M"], check=True)
        (work / "evidence").mkdir()
        new = store.add_candidate(work / "disk", work / "evidence", recipe="web", fingerprint=hash_bytes(b"1"))
    return store.accept(new.id, hash_bytes(b"2"))


def test_the_machine_is_booted_announced_and_gone_after_its_power_off(
    store: Store, image: Image, programs: Path
) -> None:
    seen: list[tuple[Running, str, list[str]]] = []

    def ready(running: Running) -> None:
        work = running.known_hosts.parent
        seen.append((running, running.known_hosts.read_text(), sorted(path.name for path in work.iterdir())))

    boot(store, image, "alice", TCG, TrialOptions(), ready=ready, say=lambda _: None)
    [(running, known_hosts, files)] = seen
    port = running.port
    assert known_hosts == f"[127.0.0.1]:{port} ssh-ed25519 AAAAone\n[127.0.0.1]:{port} ecdsa-sha2-nistp256 AAAAtwo=\n"
    assert {"overlay.qcow2", "seed.iso", "efi-variables.fd", "lock"} <= set(files)
    assert running.ssh_command()[-1] == "alice@127.0.0.1"
    assert "StrictHostKeyChecking=yes" in running.ssh_command()
    assert list((store.root / "work").iterdir()) == []
    words = (programs / "words").read_text()
    assert f"user,id=net,restrict=off,hostfwd=tcp:127.0.0.1:{port}-:22" in words
    assert store.gc(0) == [image.id]


def test_offline_and_the_wished_for_shape_reach_qemu(store: Store, image: Image, programs: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    options = TrialOptions(memory_mib=777, cpus=3, port=port, offline=True)
    boot(store, image, "alice", TCG, options, ready=lambda _: None, say=lambda _: None)
    words = (programs / "words").read_text().splitlines()
    assert f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22" in words
    assert words[words.index("-m") + 1] == "777"
    assert words[words.index("-smp") + 1] == "3"


def test_the_ports_that_lead_into_it_are_chosen_and_told(store: Store, image: Image, programs: Path) -> None:
    seen: list[Running] = []
    options = TrialOptions(forwards=(Forward(host=0, guest=80), Forward(host=0, guest=53, protocol="udp")))
    boot(store, image, "alice", TCG, options, ready=seen.append, say=lambda _: None)
    [running] = seen
    assert [forward.port for forward in running.forwards] == ["80/tcp", "53/udp"]
    rules = [f"hostfwd=tcp:127.0.0.1:{running.port}-:22", *(forward.rule for forward in running.forwards)]
    assert f"user,id=net,restrict=off,{','.join(rules)}" in (programs / "words").read_text().splitlines()
    assert len({running.port, *(forward.host for forward in running.forwards)}) == 3


def test_data_of_ones_own_stand_beside_the_administrators_account(
    store: Store, image: Image, programs: Path, tmp_path: Path
) -> None:
    def seed(options: TrialOptions) -> dict[str, bytes]:
        found: dict[str, bytes] = {}

        def ready(running: Running) -> None:
            iso = running.known_hosts.parent / "seed.iso"
            for name in ("user-data", "vendor-data"):
                words: list[str | Path] = [
                    "xorriso",
                    "-osirrox",
                    "on",
                    "-indev",
                    iso,
                    "-extract",
                    f"/{name}",
                    tmp_path / name,
                ]
                if subprocess.run(words, capture_output=True, check=False).returncode == 0:
                    found[name] = (tmp_path / name).read_bytes()

        boot(store, image, "alice", TCG, options, ready=ready, say=lambda _: None)
        return found

    assert set(seed(TrialOptions())) == {"user-data"}
    both = seed(TrialOptions(data=b"#cloud-config\npackages: [jq]\n"))
    assert both["user-data"] == b"#cloud-config\npackages: [jq]\n"
    assert b'"name": "alice"' in both["vendor-data"]


def test_the_console_is_shown_line_by_line_and_cleaned(store: Store, image: Image, programs: Path) -> None:
    shown: list[str] = []
    boot(store, image, "alice", TCG, TrialOptions(), ready=lambda _: None, say=lambda _: None, console=shown.append)
    assert shown[:3] == ["booting", "-----BEGIN SSH HOST KEY KEYS-----", "ssh-ed25519 AAAAone root@web"]
    assert shown[-1] == "-----END SSH HOST KEY KEYS-----"


def test_an_interrupt_ends_the_machine_and_removes_everything(
    store: Store, image: Image, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (programs / "behaviour").write_text("stay")

    def ready(_: Running) -> None:
        threading.Timer(0.2, lambda: os.kill(os.getpid(), 2)).start()

    with pytest.raises(KeyboardInterrupt):
        boot(store, image, "alice", TCG, TrialOptions(), ready=ready, say=lambda _: None)
    assert list((store.root / "work").iterdir()) == []
    wait_until(lambda: not _running(programs), 30)  # the kernel ends what the container started, a moment later


def test_gc_leaves_the_image_while_the_machine_runs(store: Store, image: Image, programs: Path) -> None:
    removed: list[str] = ["nothing was asked"]

    def ready(_: Running) -> None:
        removed[:] = store.gc(0)

    boot(store, image, "alice", TCG, TrialOptions(), ready=ready, say=lambda _: None)
    assert removed == []


def test_a_machine_that_does_not_start_is_an_error_with_qemus_words(store: Store, image: Image, programs: Path) -> None:
    (programs / "behaviour").write_text("broken")
    with pytest.raises(MachineError, match="the machine ended before SSH answered: no such device"):
        boot(store, image, "alice", TCG, TrialOptions(), ready=lambda _: None, say=lambda _: None)
    assert list((store.root / "work").iterdir()) == []


def test_a_server_that_takes_its_time_is_not_left_without_a_word(store: Store, image: Image, programs: Path) -> None:
    (programs / "behaviour").write_text("slow")  # sshd lets nobody in who has done so a few times
    seen: list[Running] = []
    boot(store, image, "alice", TCG, TrialOptions(), ready=seen.append, say=lambda _: None)
    assert len(seen) == 1


def test_a_machine_that_stays_silent_is_ended_with_the_consoles_end(
    store: Store, image: Image, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_READY_SECONDS", 0.0)
    monkeypatch.setattr(run, "_speaks_ssh", lambda _: time.sleep(0.5))
    (programs / "behaviour").write_text("stay")
    with pytest.raises(MachineError, match=r"SSH did not answer within 0 s; the console's end:\nbooting"):
        boot(store, image, "alice", TCG, TrialOptions(), ready=lambda _: None, say=lambda _: None)
    wait_until(lambda: not _running(programs), 30)


def test_without_qemu_the_package_is_named(
    store: Store, image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("qemu-img", "openssl", "xorriso", "ssh-keygen", "setpriv"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setattr(process, "PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match=r"qemu-system-x86_64: not found on this machine.*qemu-system-x86"):
        boot(store, image, "alice", TCG, TrialOptions(), ready=lambda _: None, say=lambda _: None)


def test_an_image_that_has_gone_cannot_be_booted(store: Store, image: Image) -> None:
    image.disk.unlink()
    with pytest.raises(StoreError, match="no such image"):
        boot(store, image, "alice", TCG, TrialOptions(), ready=lambda _: None, say=lambda _: None)


def test_the_key_is_made_once_and_is_the_owners_alone(store: Store) -> None:
    access = make_access(store, "web", "alice")
    assert access == make_access(store, "web", "alice")
    assert access.public_key.startswith("ssh-ed25519 ")
    assert len(access.password) >= 20
    for path, mode in ((access.key, 0o600), (access.key.with_name("password"), 0o600), (access.key.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert sorted(path.name for path in access.key.parent.iterdir()) == [
        "id_ed25519",
        "id_ed25519.pub",
        "lock",
        "password",
    ]


def test_machines_that_start_at_once_share_one_whole_pair_of_keys(store: Store) -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: make_access(store, "web", "alice"), range(4)))
    assert len({(access.public_key, access.password) for access in found}) == 1
    derived = subprocess.run(["ssh-keygen", "-y", "-f", found[0].key], capture_output=True, text=True, check=True)
    assert derived.stdout.split()[:2] == found[0].public_key.split()[:2]


def test_the_user_data_names_the_administrator_and_holds_no_password(store: Store) -> None:
    access = Access(user="alice", key=Path("/key"), public_key="ssh-ed25519 AAAA", password="in the clear")
    text = user_data(access, "$6$salt$hash").decode()
    assert text.startswith("#cloud-config\n")
    [user] = json.loads(text.partition("\n")[2])["users"]
    assert user["name"] == "alice"
    assert user["ssh_authorized_keys"] == ["ssh-ed25519 AAAA"]
    assert user["hashed_passwd"] == "$6$salt$hash"
    assert "in the clear" not in text


def test_host_keys_that_the_console_never_told_are_taken_on_first_use() -> None:
    access = Access(user="alice", key=Path("/key"), public_key="", password="")
    running = Running(
        image=Image.model_construct(), access=access, port=22, known_hosts=Path("/known_hosts"), verified=False
    )
    assert "StrictHostKeyChecking=accept-new" in running.ssh_command()


def _running(programs: Path) -> list[int]:
    """Pids of stand-ins that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if re.fullmatch(r"\d+", entry.name):
            try:
                if str(programs / "qemu-system-x86_64").encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
