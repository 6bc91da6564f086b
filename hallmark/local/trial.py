"""Boots a released image for a person: throw-away overlay, SSH on loopback, an administrator with a key of its own.

Place in the pipeline: after release, for trying an image (`make run`). Unlike build and acceptance this machine has a
network: user-mode networking, through which it can reach out (unless `offline`) and be reached on 127.0.0.1 alone.
"""

from __future__ import annotations

import json
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hallmark.base.disk import make_overlay
from hallmark.common.containment import Reach, writing
from hallmark.common.errors import MachineError
from hallmark.common.files import write_atomic
from hallmark.common.iso import make_volume
from hallmark.common.locks import held
from hallmark.common.process import ENVIRONMENT, command, kill_group, need, run
from hallmark.guest.console import clean
from hallmark.guest.user_data import SIGN_IN_GROUPS
from hallmark.local.accelerator import SANDBOX, Accelerator
from hallmark.local.forward import Forward, choose_ports
from hallmark.local.machine import OVMF_CODE, copy_firmware_variables
from hallmark.store.image import Image
from hallmark.store.store import Store

_PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "ssh-keygen": "openssh-client",
    "openssl": "openssl",
}
_HOST_KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
_HOST_KEY = re.compile(r"((?:ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+)")
_POLL_SECONDS = 1.0
# Who leaves without a word is an attacker to the machine: after five of them fail2ban drops all that comes from here,
# for an hour. Under emulation, on a host that is busy, sshd's first word takes seconds.
_BANNER_SECONDS = 30.0
_READY_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialOptions:
    """How a person wants a machine: `port` 0 means any free one; `offline` keeps it from reaching out.

    `forwards` are ports that lead into it besides SSH's. `data` is user data that stand in place of ours, which then
    are the vendor's: what `data` says of a key counts. `devices` are further words for QEMU, `seed` further files for
    cloud-init, such as its `network-config`.
    """

    memory_mib: int = 2048
    cpus: int = 2
    port: int = 0
    offline: bool = False
    forwards: tuple[Forward, ...] = ()
    data: bytes | None = None
    devices: Sequence[str] = ()
    seed: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How to sign in: the administrator's private key (0600) and public key, and a password for sudo."""

    user: str
    key: Path
    public_key: str
    password: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A machine that answers on 127.0.0.1:`port`. `known_hosts` holds the host keys that it printed on its console.

    `forwards` are the other ports that lead into it, all chosen.
    """

    image: Image
    access: Access
    port: int
    known_hosts: Path
    verified: bool
    forwards: tuple[Forward, ...] = ()

    def ssh_command(self) -> list[str]:
        """The words that sign in."""
        checking = "yes" if self.verified else "accept-new"
        options = ["IdentitiesOnly=yes", f"UserKnownHostsFile={self.known_hosts}", f"StrictHostKeyChecking={checking}"]
        words = ["ssh", "-i", str(self.access.key), "-p", str(self.port)]
        return [*words, *(word for option in options for word in ("-o", option)), f"{self.access.user}@127.0.0.1"]


def boot(
    store: Store,
    image: Image,
    user: str,
    accelerator: Accelerator,
    options: TrialOptions,
    *,
    ready: Callable[[Running], None],
    say: Callable[[str], None],
    console: Callable[[str], None] | None = None,
) -> None:
    """Boot an image, call `ready` once SSH answers, and return when the guest has powered off.

    `console` is called with each line that the machine prints, from a thread of its own. An interrupt ends it at any
    time. Raises what `power_on` raises.
    """
    with power_on(store, image, user, accelerator, options) as machine:
        say(f"booting {image.id} ({accelerator.name}); this takes a minute or two without KVM")
        with _followed(machine.work / "console.log", console):
            ready(machine.wait_for_ssh())
            machine.process.wait()


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A machine that was powered on; its SSH server may not answer yet."""

    image: Image
    access: Access
    port: int
    work: Path
    process: subprocess.Popen[bytes]
    forwards: tuple[Forward, ...] = ()

    def wait_for_ssh(self, seconds: float | None = None) -> Running:
        """Wait until one can sign in; MachineError when the machine ends first, or nothing answers for `seconds`."""
        console, known_hosts = self.work / "console.log", self.work / "known_hosts"
        _wait_for_ssh(self.process, self.port, console, _READY_SECONDS if seconds is None else seconds)
        verified = _write_known_hosts(known_hosts, self.port, console)
        return Running(
            image=self.image,
            access=self.access,
            port=self.port,
            known_hosts=known_hosts,
            verified=verified,
            forwards=self.forwards,
        )


@contextmanager
def power_on(
    store: Store, image: Image, user: str, accelerator: Accelerator, options: TrialOptions
) -> Iterator[Machine]:
    """Start a machine on a throw-away overlay of an image; the machine and the overlay are gone when the block ends.

    Raises MachineError when QEMU or the guest fails, PrerequisiteError when QEMU, its firmware or ssh-keygen is
    missing, SettingsError when a port cannot be had.
    """
    for name, package in _PROGRAMS.items():
        need(name, package=package)
    with store.using(image.id), store.workdir(f"run-{secrets.token_hex(4)}") as work:
        work.chmod(0o700)  # the seed holds the hash of a password
        access = make_access(store, image.recipe, user)
        ssh, *forwards = choose_ports((Forward(host=options.port, guest=22), *options.forwards))
        _make_drives(work, image, access, options)
        reach = Reach(reads=(image.disk,), writes=(work,), devices=accelerator.devices, network=True)
        with _machine(_arguments(work, options, accelerator, (ssh, *forwards)), reach, work) as process:
            yield Machine(
                image=image, access=access, port=ssh.host, work=work, process=process, forwards=tuple(forwards)
            )


def make_access(store: Store, recipe: str, user: str) -> Access:
    """The key and sudo's password for a recipe's machines, made on first use below `keys/` of the store."""
    folder = store.root / "keys" / recipe
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    key, password = folder / "id_ed25519", folder / "password"
    with held(folder / "lock"):  # two at once would mix the halves of two pairs
        if not key.exists() or not key.with_suffix(".pub").exists():
            _make_key(key, f"{user}@{recipe}")
        if not password.exists():
            write_atomic(password, (secrets.token_urlsafe(18) + "\n").encode(), mode=0o600)
    public = key.with_suffix(".pub").read_text().strip()
    return Access(user=user, key=key, public_key=public, password=password.read_text().strip())


def _make_key(key: Path, comment: str) -> None:
    """A new Ed25519 key; the private half appears last, so that it is never there without the public one."""
    fresh = key.with_name(f".{key.name}.{secrets.token_hex(4)}")
    try:
        run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", fresh],
            timeout=60,
            reach=writing(key.parent),
        )
        Path(f"{fresh}.pub").replace(key.with_suffix(".pub"))
        fresh.replace(key)
    finally:
        fresh.unlink(missing_ok=True)
        Path(f"{fresh}.pub").unlink(missing_ok=True)


def user_data(access: Access, password_hash: str) -> bytes:
    """cloud-init's user data: the administrator, with the key, and a password that sudo asks for (SSH takes none)."""
    account = {
        "name": access.user,
        "gecos": "administrator",
        "groups": list(SIGN_IN_GROUPS),
        # Where the account is still to be made: its name may be that of one of Debian's own groups (operator, staff).
        "no_user_group": True,
        "shell": "/bin/bash",
        "lock_passwd": False,
        "hashed_passwd": password_hash,
        "ssh_authorized_keys": [access.public_key],
    }
    return b"#cloud-config\n" + json.dumps({"users": [account]}, indent=1).encode() + b"\n"


def _make_drives(work: Path, image: Image, access: Access, options: TrialOptions) -> None:
    """The overlay, the seed and the firmware's variables.

    Of user data and the vendor's cloud-init takes both, and where they say different things the user's.
    """
    copy_firmware_variables(work)
    make_overlay(image.disk, work / "overlay.qcow2")
    hashed = run(["openssl", "passwd", "-6", "-stdin"], timeout=60, stdin=access.password.encode()).stdout.strip()
    identity = {"instance-id": f"run-{secrets.token_hex(8)}", "local-hostname": image.recipe}
    ours = user_data(access, hashed)
    seed = {"user-data": ours} if options.data is None else {"user-data": options.data, "vendor-data": ours}
    seed |= {"meta-data": json.dumps(identity).encode() + b"\n", **options.seed}
    make_volume(work / "seed.iso", seed, label="cidata", epoch=int(time.time()))


def _arguments(work: Path, options: TrialOptions, accelerator: Accelerator, forwards: Sequence[Forward]) -> list[str]:
    """QEMU's arguments; the disks as in build and acceptance, the network added."""
    folder = str(work).replace(",", ",,")
    restrict = "on" if options.offline else "off"
    rules = ",".join(forward.rule for forward in forwards)
    # fmt: off
    return [
        "qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-vga", "none",
        "-machine", "q35,smm=off,vmport=off,graphics=off", *accelerator.arguments,
        "-m", str(options.memory_mib), "-smp", str(options.cpus),
        "-action", "panic=shutdown", "-sandbox", SANDBOX,
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}",
        "-drive", f"if=pflash,format=raw,unit=1,file={folder}/efi-variables.fd",
        "-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng",
        "-drive", f"if=none,id=disk,format=qcow2,discard=unmap,cache=unsafe,file={folder}/overlay.qcow2",
        "-device", "virtio-blk-pci,drive=disk,serial=HALLMARK-DISK,bootindex=1",
        "-device", "virtio-scsi-pci,id=scsi",
        "-drive", f"if=none,id=seed,format=raw,readonly=on,file={folder}/seed.iso",
        "-device", "scsi-cd,bus=scsi.0,drive=seed",
        "-netdev", f"user,id=net,restrict={restrict},{rules}",
        "-device", "virtio-net-pci,netdev=net",
        "-chardev", f"file,id=console,path={folder}/console.log", "-serial", "chardev:console", *options.devices,
    ]
    # fmt: on


@contextmanager
def _machine(arguments: Sequence[str], reach: Reach, work: Path) -> Iterator[subprocess.Popen[bytes]]:
    """QEMU, out of reach of the terminal's signals and ended with the block, or with us."""
    with (work / "qemu.log").open("wb") as errors:
        process = subprocess.Popen(
            command(arguments, reach=reach, package="qemu-system-x86"),
            env=dict(ENVIRONMENT),
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield process
        if process.returncode:
            said = (work / "qemu.log").read_text(errors="replace").strip()
            raise MachineError(f"QEMU ended with exit code {process.returncode}: {said}")
    finally:
        signal.signal(signal.SIGTERM, previous)
        kill_group(process)


def _wait_for_ssh(process: subprocess.Popen[bytes], port: int, console: Path, seconds: float) -> None:
    """Wait until an SSH server speaks; MachineError when the machine ends first or nothing speaks for long."""
    started = time.monotonic()
    while not _speaks_ssh(port):
        if process.poll() is not None:
            log = console.with_name("qemu.log").read_text(errors="replace").strip()
            raise MachineError(f"the machine ended before SSH answered: {log or _last_lines(console)}")
        if time.monotonic() - started > seconds:
            raise MachineError(f"SSH did not answer within {seconds:.0f} s; the console's end:\n{_last_lines(console)}")
        time.sleep(_POLL_SECONDS)


def _speaks_ssh(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_BANNER_SECONDS) as connection:
            connection.settimeout(_BANNER_SECONDS)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _write_known_hosts(path: Path, port: int, console: Path) -> bool:
    """Write the host keys that the console told, a channel that no network can forge; False without any."""
    deadline = time.monotonic() + 60
    keys: list[str] = []
    while not keys and time.monotonic() < deadline:
        blocks = _HOST_KEYS.findall(console.read_text(errors="replace")) if console.exists() else []
        keys = _HOST_KEY.findall(blocks[-1]) if blocks else []
        time.sleep(0 if keys else _POLL_SECONDS)
    write_atomic(path, "".join(f"[127.0.0.1]:{port} {key}\n" for key in keys).encode(), mode=0o600)
    return bool(keys)


@contextmanager
def _followed(console: Path, show: Callable[[str], None] | None) -> Iterator[None]:
    """Show what the machine prints, line by line, until the block ends; cleaned, as it comes from a guest."""
    if show is None:
        yield
        return
    ended = threading.Event()
    follower = threading.Thread(target=_follow, args=(console, show, ended), daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join(timeout=5)


def _follow(console: Path, show: Callable[[str], None], ended: threading.Event) -> None:
    shown, last = 0, False
    while not last:
        last = ended.wait(_POLL_SECONDS)  # what came before the end is shown too
        text = console.read_bytes() if console.exists() else b""
        whole = text if last else text[: text.rfind(b"\n") + 1]
        for line in whole[shown:].decode(errors="replace").splitlines():
            show(clean(line))
        shown = max(shown, len(whole))


def _last_lines(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-15:]) if path.exists() else "(no console output)"
