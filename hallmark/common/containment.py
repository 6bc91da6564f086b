"""What a program that root starts may touch of this machine: what its call names, and nothing else.

A tool that loses its way as root can change anything. So each one runs in namespaces of its own, made by bubblewrap:
it sees this machine read-only, writes below the folders that its call names, has no device of this machine's, no
network, none of the sockets below /run, and hardly any capability. Whatever it starts and mounts ends with it.
Who is not root is kept from this machine's files by their owners and modes, as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# As root, to use a folder that belongs to another user.
_ANY = ("CAP_DAC_OVERRIDE",)
# As mmdebstrap and dpkg need them: owners, modes, file capabilities, chroot, mounts in the new root.
_INSTALLER = (
    *_ANY, "CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETUID", "CAP_KILL",
    "CAP_SYS_CHROOT", "CAP_SYS_ADMIN",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What a program may touch: it writes below `writes`, opens `devices`, and connects when it has `network`.

    With `installs` it puts a system below `writes`, with owners, mounts and a chroot.
    """

    writes: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    network: bool = False
    installs: bool = False


NOTHING = Reach()


def writing(*folders: Path, network: bool = False) -> Reach:
    """The reach of a program that writes below these folders."""
    return Reach(writes=folders, network=network)


def bubblewrap(reach: Reach) -> list[str]:
    """Bubblewrap's own arguments for a program with this reach; the program follows them."""
    words = ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    words += ["--cap-drop", "ALL", *_each("--cap-add", _INSTALLER if reach.installs else _ANY)]
    words += ["--ro-bind", "/", "/", "--dev", "/dev"]
    # To root the kernel's settings are files like others: bubblewrap would leave them writable.
    words += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"]
    words += ["--ro-bind-try", "/proc/sysrq-trigger", "/proc/sysrq-trigger"]
    if not reach.network:
        # A program without network needs no service of this machine's either; a user's disks may be mounted there.
        words += ["--unshare-net", "--tmpfs", "/run", "--ro-bind-try", "/run/media", "/run/media"]
    for device in reach.devices:
        words += ["--dev-bind-try", str(device), str(device)]
    for folder in reach.writes:
        words += ["--bind", str(folder.resolve()), str(folder.resolve())]
    return [*words, "--"]


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
