"""Whether anything of this machine's system was changed: each file's size, time and mode, before and after.

`python -m tests.support.host_untouched COMMAND...` runs a command, and fails with the list when it changed something.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence

TREES = ("/boot", "/etc", "/usr", "/var")

# What other processes of a machine write at any time, each with its writer. Everything else must stay as it is.
LEFT_OUT: Mapping[str, str] = {
    "/var/lib/containerd": "containerd, for other containers",
    "/var/lib/docker": "Docker, for other containers",
    "/var/lib/systemd": "systemd: stamps of timers, the clock, the random seed",
    "/var/log/auth.log": "syslog",
    "/var/log/btmp": "sign-ins that failed",
    "/var/log/journal": "systemd's journal",
    "/var/log/kern.log": "syslog",
    "/var/log/lastlog": "sign-ins",
    "/var/log/syslog": "syslog",
    "/var/log/wtmp": "sign-ins",
    "/var/tmp": "anybody, as /tmp",
}

_SEPARATOR = b"\0"


class Host:
    """The state of some trees of this machine at the time when it is made."""

    def __init__(self, trees: Sequence[str] = TREES, left_out: Mapping[str, str] = LEFT_OUT) -> None:
        """Read the state; it is kept compressed, for a run may take long and memory is dear."""
        self._trees, self._left_out = trees, left_out
        self._before = zlib.compress(_SEPARATOR.join(self._read()), level=1)

    def changes(self) -> list[str]:
        """What is otherwise now, as `changed PATH`, `gone PATH` and `new PATH`, sorted by path."""
        before = set(zlib.decompress(self._before).split(_SEPARATOR))
        now = set(self._read())
        earlier, later = ({_path(line) for line in lines} for lines in (before - now, now - before))
        found = {path: "changed" if path in later else "gone" for path in earlier}
        found |= dict.fromkeys(later - earlier, "new")
        return [f"{found[path]} {path}" for path in sorted(found)]

    def _read(self) -> Iterator[bytes]:
        folders = list(self._trees)
        while folders:
            try:
                entries = list(os.scandir(folders.pop()))
            except OSError:  # gone meanwhile, or not for us to read
                continue
            for entry in entries:
                if entry.path not in self._left_out:
                    try:
                        state = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    yield b"%o %d %d %s" % (state.st_mode, state.st_size, state.st_mtime_ns, os.fsencode(entry.path))
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)


def _path(line: bytes) -> str:
    return os.fsdecode(line.split(b" ", 3)[3])


def complaint(changes: Sequence[str]) -> str:
    """The changes for people, and what to do about them."""
    return "\n".join(
        [
            f"this machine: expected nothing below {', '.join(TREES)} to be changed, got {len(changes)} changes:",
            *(f"  {change}" for change in changes[:100]),
            "A run of Hallmark must not do that: find what did. If it was another process, end that one and run again.",
        ]
    )


def main(words: Sequence[str]) -> int:
    """Run a command; its exit code, or 1 when it was well but something is changed."""
    host = Host()
    code = subprocess.run(words, check=False).returncode
    changes = host.changes()
    if changes:
        print(complaint(changes), file=sys.stderr)
    return code or bool(changes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
