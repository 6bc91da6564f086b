"""Looks at a live machine over one connection of the system's ssh client. The machine may be hostile.

The conversation: ssh starts a shell of root's by sudo, alone in a mount namespace of its own. sudo asks for a password
by a word that only this run knows, or does not ask. The shell says that it is ready, and gets the text of
image_scripts/remote.sh. That says of which image the machine is, takes a tar of the checks, and hands back a tar of
results. No secret is on a command line; nothing is installed or written there.
"""

from __future__ import annotations

import os
import secrets
import selectors
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from hallmark.common.errors import CheckError, ResultsError
from hallmark.common.process import tied
from hallmark.guest.console import clean
from hallmark.guest.results import Limits, read_results

LIMITS = Limits(members=2000, file_bytes=1 << 20, total_bytes=32 << 20)
"""How much a machine may hand back."""
SECONDS = 900.0
"""How long a look may take, with everything."""
_STREAM = LIMITS.total_bytes + LIMITS.members * 1024
_LINE = 4096
_NOISE = 64 << 10
_ALONE = ("unshare", "--mount", "--propagation", "private", "--")
# Nothing of this machine's goes along: no agent, no display, no port.
_NOTHING_ALONG = ("-T", "-a", "-x", "-o", "ClearAllForwardings=yes")
# What ssh may know of this machine's environment: who signs in, and how to ask for a passphrase.
_ENVIRONMENT = ("HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY", "TERM", "LANG", "PATH")


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """How to reach a machine: a destination of ssh's, more words for ssh, and who knows sudo's password."""

    host: str
    options: tuple[str, ...] = ()
    password: Callable[[], str]


def look(
    login: Login, script: str, answer: Callable[[str | None], bytes], results: Path, *, seconds: float = SECONDS
) -> None:
    """Run the checks on a machine and unpack what it hands back into the new folder `results`.

    `script` is the text of remote.sh. `answer` is called with the image that the machine says it is of (None when it
    does not say), and returns the tar of its checks. Raises CheckError when the machine cannot be reached or looked at,
    ResultsError when what it hands back is not what results look like, and whatever `answer` raises.
    """
    word = f"hallmark-{secrets.token_hex(8)}"
    words = tied(["ssh", *login.options, *_NOTHING_ALONG, "--", login.host, _command(word, len(script.encode()))])
    process = subprocess.Popen(
        words,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with tempfile.NamedTemporaryFile(prefix="hallmark-results-") as archive:
        with _Talk(login.host, process, word, seconds) as talk:
            talk.wait_until_ready(login.password)
            talk.send(script.encode())
            image = talk.expect("image ").strip()
            talk.send(answer(image if image not in ("", "-") else None), last=True)
            talk.expect("results")
            talk.copy_rest(archive)
        archive.flush()
        try:
            read_results(Path(archive.name), results, limits=LIMITS)
        except ResultsError as error:
            raise ResultsError(f"{login.host}: {error}") from error


def _command(word: str, length: int) -> str:
    """The command for the machine. Its shell reads its script by the byte, so that a tar can follow."""
    inner = shlex.join([*_ALONE, "/bin/sh", "-c", f'echo {word}-ready; eval "$(head -c {length})"'])
    outer = (
        f'if [ "$(id -u)" = 0 ]; then exec {inner}; fi; '
        f"command -v sudo >/dev/null || {{ echo {word}-no-sudo; exit 1; }}; "
        f"exec sudo -S -p {word}-password: -- {inner}"
    )
    return "exec " + shlex.join(["/bin/sh", "-c", outer])


class _Talk:
    """The conversation with one machine: whatever it says is bounded, in bytes and in time."""

    def __init__(self, host: str, process: subprocess.Popen[bytes], word: str, seconds: float) -> None:
        self._host, self._process, self._word = host, process, word
        self._ends = time.monotonic() + seconds
        self._seconds = seconds
        self._said, self._errors, self._outgoing = bytearray(), bytearray(), bytearray()
        self._last = False
        self._selector = selectors.DefaultSelector()
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._stdin: IO[bytes] = process.stdin
        for stream in (process.stdin, process.stdout, process.stderr):
            os.set_blocking(stream.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, self._said)
        self._selector.register(process.stderr, selectors.EVENT_READ, self._errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        self._process.kill()
        self._process.wait()

    def wait_until_ready(self, password: Callable[[], str]) -> None:
        """Answer sudo's question, once, and wait for the shell; lines that a sign-in prints before are skipped."""
        prompt, asked = f"{self._word}-password:".encode(), False
        while True:
            line = self._take_line()
            if line is None:
                if prompt in self._errors:
                    del self._errors[: self._errors.index(prompt) + len(prompt)]
                    if asked:
                        raise CheckError(f"{self._host}: sudo did not take the password")
                    asked = True
                    self._pause(password)
                elif not self._step():
                    raise self._ended()
            elif line == f"{self._word}-ready":
                return
            elif line == f"{self._word}-no-sudo":
                raise CheckError(f"{self._host}: expected root or a sudo there, found neither")

    def _pause(self, password: Callable[[], str]) -> None:
        """Ask for the password; the time that a person takes to type it does not count."""
        began = time.monotonic()
        self.send(password().encode() + b"\n")
        self._ends += time.monotonic() - began

    def send(self, data: bytes, *, last: bool = False) -> None:
        """Send bytes; with `last`, nothing will follow."""
        self._outgoing += data
        self._last = last
        self._selector.register(self._stdin, selectors.EVENT_WRITE)
        while self._outgoing:
            if not self._step():
                raise self._ended()

    def expect(self, opening: str) -> str:
        """The rest of the next line, which must begin so."""
        while (line := self._take_line()) is None:
            if not self._step():
                raise self._ended()
        if not line.startswith(opening):
            raise CheckError(f"{self._host}: expected {opening.strip()!r} from the machine, got {line[:80]!r}")
        return line.removeprefix(opening)

    def copy_rest(self, out: IO[bytes]) -> None:
        """Write all that is still to come to a file; CheckError when it is more than results may be."""
        size = 0
        more = True
        while more or self._said:
            size += len(self._said)
            if size > _STREAM:
                raise CheckError(f"{self._host}: expected at most {_STREAM} bytes of results, got more")
            out.write(self._said)
            self._said.clear()
            more = more and self._step()

    def _take_line(self) -> str | None:
        """The next whole line of standard output, safe to print."""
        end = self._said.find(b"\n")
        if end < 0:
            if len(self._said) > _LINE:
                raise CheckError(
                    f"{self._host}: expected a line from the machine, got {len(self._said)} bytes without an end"
                )
            return None
        line = bytes(self._said[:end])
        del self._said[: end + 1]
        return clean(line.decode(errors="replace"))

    def _step(self) -> bool:
        """Wait for the machine once; False when it has nothing more to say."""
        if all(key.fileobj is self._stdin for key in self._selector.get_map().values()):
            return False
        left = self._ends - time.monotonic()
        events = self._selector.select(left) if left > 0 else []
        if not events:
            raise CheckError(f"{self._host}: expected an answer within {self._seconds:.0f} s, got none")
        for key, _ in events:
            if key.fileobj is self._stdin:
                self._write()
            else:
                self._read(key)
        return True

    def _read(self, key: selectors.SelectorKey) -> None:
        data = os.read(key.fd, 1 << 16)
        key.data.extend(data)
        if not data:
            self._selector.unregister(key.fileobj)
        if key.data is self._errors:
            del self._errors[:-_NOISE]

    def _write(self) -> None:
        try:
            sent = os.write(self._stdin.fileno(), self._outgoing[: 1 << 16])
        except BrokenPipeError:
            sent = len(self._outgoing)  # it is gone; its last words follow
        del self._outgoing[:sent]
        if not self._outgoing:
            self._selector.unregister(self._stdin)
            if self._last:
                self._stdin.close()

    def _ended(self) -> CheckError:
        """What to say of a connection that ended early: its last word."""
        lines = [clean(line) for line in self._errors.decode(errors="replace").splitlines() if line.strip()]
        word = lines[-1][:300] if lines else f"exit code {self._process.wait(timeout=10)}"
        return CheckError(f"{self._host}: the connection ended before the machine was looked at: {word}")
