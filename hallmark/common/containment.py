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

    With `installs` it puts a system below `writes`, with owners, mounts and a chroot. With `reads` it sees the
    installed programs and these paths alone, and has no capability: for what runs code that is not ours.
    """

    writes: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    network: bool = False
    installs: bool = False
    reads: tuple[Path, ...] | None = None


NOTHING = Reach()


def writing(*folders: Path, network: bool = False) -> Reach:
    """The reach of a program that writes below these folders."""
    return Reach(writes=folders, network=network)


def bubblewrap(reach: Reach) -> list[str]:
    """Bubblewrap's own arguments for a program with this reach; the program follows them."""
    words = ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    words += ["--cap-drop", "ALL"]
    if reach.reads is None:
        words += [*_each("--cap-add", _INSTALLER if reach.installs else _ANY), "--ro-bind", "/", "/"]
    else:
        words += [*_programs(), *_bind("--ro-bind", reach.reads)]
    words += ["--dev", "/dev"]
    # To root the kernel's settings are files like others: bubblewrap would leave them writable.
    words += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"]
    words += ["--ro-bind-try", "/proc/sysrq-trigger", "/proc/sysrq-trigger"]
    if not reach.network:
        # A program without network needs no service of this machine's either; a user's disks may be mounted there.
        words += ["--unshare-net", "--tmpfs", "/run", "--ro-bind-try", "/run/media", "/run/media"]
    for device in reach.devices:
        words += ["--dev-bind-try", str(device), str(device)]
    return [*words, *_bind("--bind", reach.writes, by_name=reach.reads is not None), "--"]


def _programs() -> list[str]:
    """The installed programs and what they need to start and to find names, but nothing that belongs to anybody."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        folder = Path("/", name)
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
    for path in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/resolv.conf"):
        words += ["--ro-bind-try", path, path]
    return words


def _bind(option: str, paths: Sequence[Path], *, by_name: bool = True) -> list[str]:
    """Each path where it is; `by_name`, where a link leads there that the program does not see, by that name too."""
    words: list[str] = []
    for path in paths:
        places = {path.resolve(), *([path.absolute()] if by_name else [])}
        words += [word for place in sorted(places) for word in (option, str(path.resolve()), str(place))]
    return words


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]
