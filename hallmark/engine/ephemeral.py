"""An inner Pulumi stack that is brought up, used and destroyed by one step of the outer one.

Each run is a process of its own, in its own session (`python -m hallmark.engine.ephemeral`): it sees an allow-list of
the environment, brings the stack up, hands over its outputs, waits until its user is done, destroys and removes it.
Its standard input is its lifeline: when the user ends, however it ends, the input ends too, and the run tears down what
it made. So the teardown outlives a killed `pulumi up`.

What even that cannot help (the run itself was killed) is for the next run: it waits for what is still alive, bounded,
ends it, drops the dead engine's lock, lets the stack's sweeper remove what the state may not know of (the engine was
killed after something was made and before that was written down), refreshes, destroys, and only then goes on. The
stack's name is therefore stable: one for each recipe and use.

This is the only module of `hallmark` that uses Pulumi (its Automation API); the inner program is handed to it by name.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import BaseModel

from hallmark.common.checkout import ROOT
from hallmark.common.errors import HallmarkError, ProcessError, SettingsError
from hallmark.common.locks import try_lock
from hallmark.common.validation import STRICT
from hallmark.engine.backend import credentials, is_service, remove_unfinished, without_notes
from hallmark.engine.lifeline import marked_processes

if TYPE_CHECKING:
    from pulumi import automation

Say = Callable[[str], None]
Outputs = dict[str, Any]

_MARK = "HALLMARK_EPHEMERAL"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PROGRAM = re.compile(r"[a-z_][a-z0-9_.]*:[a-z_][a-z0-9_]*")
_WAIT_SECONDS = 600.0
_POLL_SECONDS = 0.2
# What the run may see. PULUMI_CONFIG and its kind belong to the outer program, and may hold its secrets.
# fmt: off
_PASSED_ON = frozenset([
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
    "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN",
])
# fmt: on
_PASSED_ON_PREFIXES = ("AWS_",)  # the ambient chain of credentials, as engine.py passes it on


class Inner(BaseModel):
    """One inner stack: project and name, the program (`module:function`) with its arguments, and where its state is.

    `backend` is an absolute URL; `secrets_provider` is passed in (`passphrase`, `awskms://…`); `organization` counts
    for Pulumi Cloud alone, whose stacks belong to one; `work` is a folder on this machine where runs keep their work
    folders and locks; the program takes one dict and returns the outputs.
    `sweeper`, named like the program, gets that dict and a way to say things, and removes all that earlier runs of this
    stack have made, found by other means than the state; it is called when an engine of this stack was killed.
    `clearer`, called in the same way, removes what others put in the way; it is called before each destroy.
    """

    model_config = STRICT
    project: str
    name: str
    program: str
    arguments: dict[str, Any] = {}
    backend: str
    secrets_provider: str
    organization: str = "organization"
    work: Path
    sweeper: str | None = None
    clearer: str | None = None

    def check(self) -> None:
        """SettingsError for what could not work, or would depend on where it runs."""
        if not _NAME.fullmatch(self.name) or not _NAME.fullmatch(self.project):
            raise SettingsError(f"inner stack {self.project}/{self.name}: expected letters, digits, dots, _ and -")
        if not _NAME.fullmatch(self.organization):
            raise SettingsError(f"inner stack {self.name}: expected an organization's name, got {self.organization}")
        for function in (self.program, self.sweeper, self.clearer):
            if function is not None and not _PROGRAM.fullmatch(function):
                raise SettingsError(f"inner stack {self.name}: expected a program as module:function, got {function}")
        scheme, _, rest = self.backend.partition("://")
        if not rest or (scheme == "file" and (not rest.startswith("/") or "/../" in rest)):
            raise SettingsError(f"inner stack {self.name}: expected an absolute backend URL, got {self.backend}")
        if not self.work.is_absolute():
            raise SettingsError(f"inner stack {self.name}: expected an absolute work folder, got {self.work}")

    @property
    def stack(self) -> str:
        """The stack's name for the engine: where there are organizations it names the outer stack's, not the user's."""
        return f"{self.organization}/{self.project}/{self.name}" if is_service(self.backend) else self.name

    @property
    def lock(self) -> Path:
        """Held by the run that has this stack, and naming the mark of its processes."""
        return self.work / f"{self.project}-{self.name}.lock"


@contextmanager
def ephemeral(
    inner: Inner, environment: Mapping[str, str], say: Say, *, wait: float = _WAIT_SECONDS
) -> Iterator[Outputs]:
    """Bring an inner stack up, yield its outputs, and destroy and remove it, whatever happens in the block.

    Waits up to `wait` seconds for a living earlier run of the same stack, then ends that. ProcessError, with the
    engine's own words, when it cannot be brought up or not be destroyed.
    """
    inner.check()
    inner.work.mkdir(parents=True, exist_ok=True)
    lock = _claim(inner, say, wait)
    try:
        process = _start(inner, environment, lock)
    finally:
        os.close(lock)  # the run has its own copy, and keeps it
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield _read(process.stdout, "outputs", inner, say)
    except BaseException:
        process.stdin.close()
        with suppress(ProcessError):
            _read(process.stdout, "removed", inner, say)
        raise
    else:
        process.stdin.close()
        _read(process.stdout, "removed", inner, say)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def allowed_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that an inner run may see."""
    return {name: value for name, value in given.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)}


def _start(inner: Inner, environment: Mapping[str, str], lock: int) -> subprocess.Popen[str]:
    mark = f"{inner.project}/{inner.name}/{secrets.token_hex(8)}"
    os.truncate(lock, 0)
    os.pwrite(lock, mark.encode(), 0)
    return subprocess.Popen(
        [sys.executable, "-m", "hallmark.engine.ephemeral", inner.model_dump_json(), str(lock)],
        cwd=ROOT,
        env={
            **allowed_environment(environment),
            **credentials(environment, inner.backend, inner.secrets_provider),
            **_given(mark),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        pass_fds=[lock],
        text=True,
    )


def _given(mark: str) -> dict[str, str]:
    """What the run gets besides: its mark, and where its dynamic providers find our modules."""
    quiet = {"PULUMI_SKIP_UPDATE_CHECK": "1", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    return {_MARK: mark, "PYTHONPATH": str(ROOT), **quiet}


def _read(stream: IO[str], wanted: str, inner: Inner, say: Say) -> Outputs:
    """The run's next answer; what it says meanwhile is shown."""
    for line in stream:
        kind, _, text = line.rstrip("\n").partition(" ")
        if kind == "say":
            say(json.loads(text))
        elif kind == wanted:
            answer: Outputs = json.loads(text)
            return answer
        elif kind == "failed":
            raise ProcessError(f"inner stack {inner.name}: {json.loads(text)}")
    raise ProcessError(f"inner stack {inner.name}: its run ended without a word; the next run clears what it left")


# Earlier runs


def _claim(inner: Inner, say: Say, wait: float) -> int:
    """The stack's lock, held. What an earlier run left alive is waited for, then ended."""
    end = time.monotonic() + wait
    told = False
    while True:
        descriptor = try_lock(inner.lock)
        alive = _processes(_mark_of(inner.lock))
        if descriptor is not None and not alive:
            return descriptor
        if descriptor is not None and not any(map(_is_engine, alive)):
            _end(alive)  # plugins alone: a dead engine's work is nobody's, and they notice only minutes later
            told = True
        if descriptor is not None:
            os.close(descriptor)
        if time.monotonic() >= end:
            _end(alive)
            if descriptor is None and not alive:
                raise ProcessError(f"{inner.lock}: is held by another process; wait for its end, then try again")
            end = time.monotonic() + 10.0  # they have been told; a held lock goes with its holder
        if not told:
            say(f"an earlier run of {inner.name} is still alive; waiting up to {wait:.0f} s for it to tear down")
            told = True
        time.sleep(_POLL_SECONDS)


def _mark_of(lock: Path) -> str:
    try:
        return lock.read_text()
    except OSError:
        return ""


def _processes(mark: str) -> list[int]:
    """The processes whose environment carries a run's mark: the run, its engine, its plugins."""
    return marked_processes(f"{_MARK}={mark}") if mark else []


def _is_engine(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text() == "pulumi\n"
    return False


def _end(processes: list[int]) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# The run itself


def run(inner: Inner, requests: IO[str], answer: Callable[[str, Any], None]) -> bool:
    """Clear, bring up, hand over, wait for the end of `requests`, destroy, remove; whether all of it went well."""
    prefix = f"{inner.project}-{inner.name}-"
    for stale in inner.work.glob(prefix + "?" * 8):  # of killed runs: the lock is ours
        shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=inner.work))

    def say(text: str) -> None:
        answer("say", text)

    try:
        _clear(inner, folder, say)
        stack = _create(inner, folder)
        outputs, failure = _bring_up(stack, say)
        if failure is None:
            answer("outputs", outputs)
            requests.read()
        _tear_down(stack, inner, say)
        if failure is None:
            answer("removed", {})
        else:
            answer("failed", failure)
    except Exception as error:
        answer("failed", f"{type(error).__name__}: {_last_words(str(error))}")
        return False
    else:
        return failure is None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _create(inner: Inner, folder: Path) -> automation.Stack:
    from pulumi import automation

    def program() -> None:
        import pulumi

        outputs: Mapping[str, Any] = _load(inner.program)(inner.arguments)
        for name, value in outputs.items():
            pulumi.export(name, value)

    return automation.create_stack(
        stack_name=inner.stack, project_name=inner.project, program=program, opts=_options(inner, folder)
    )


def _options(inner: Inner, folder: Path) -> automation.LocalWorkspaceOptions:
    from pulumi import automation

    backend = without_notes(inner.backend)
    project = automation.ProjectSettings(
        name=inner.project, runtime="python", backend=automation.ProjectBackend(url=backend)
    )
    return automation.LocalWorkspaceOptions(
        work_dir=str(folder),
        project_settings=project,
        secrets_provider=inner.secrets_provider,
        env_vars={"PULUMI_BACKEND_URL": backend},
    )


def _clear(inner: Inner, folder: Path, say: Say) -> None:
    """Destroy and remove what a killed run left: its lock, its resources, its pending creates, its stack."""
    from pulumi import automation

    try:
        stack = automation.select_stack(
            stack_name=inner.stack, project_name=inner.project, program=lambda: None, opts=_options(inner, folder)
        )
    except automation.StackNotFoundError:
        return
    left, _ = _in_state(stack)
    say(f"clearing what a killed run of {inner.name} left: {left} resources")
    _recover(stack, inner, say)
    _tear_down(stack, inner, say)


def _in_state(stack: automation.Stack) -> tuple[int, bool]:
    """How many resources the state knows, and whether an engine was killed in the middle of something."""
    state = stack.export_stack().deployment or {}
    left = [row for row in state.get("resources", []) if not row.get("type", "").startswith("pulumi:")]
    return len(left), bool(state.get("pending_operations"))


def _recover(stack: automation.Stack, inner: Inner, say: Say) -> None:
    """After a killed engine: drop its lock, remove what the state may not know, and let the state see it."""
    _end(_processes(os.environ.get(_MARK, "")))  # its plugins, which could still be at work
    _cancel(stack, inner, say)
    left, interrupted = _in_state(stack)
    _call(inner.sweeper, inner, say)
    if left or interrupted:
        stack.refresh(clear_pending_creates=True, color="never")


def _cancel(stack: automation.Stack, inner: Inner, say: Say) -> None:
    """Drop a dead engine's lock. Pulumi Cloud refuses when its own lock has run out: then there is none to drop."""
    from pulumi.automation import CommandError

    try:
        stack.cancel()
    except CommandError as error:
        if not is_service(inner.backend):
            raise
        say(f"{inner.name}: pulumi cancel: {_last_words(str(error), 3)}")


def _call(named: str | None, inner: Inner, say: Say) -> None:
    """Call a sweeper or clearer. When it fails, what the state knows goes all the same."""
    if named is not None:
        try:
            _load(named)(inner.arguments, say)
        except HallmarkError as error:
            say(f"{error}")


def _load(named: str) -> Callable[..., Any]:
    module, _, function = named.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _bring_up(stack: automation.Stack, say: Say) -> tuple[dict[str, Any], str | None]:
    """The stack's outputs; and the engine's words when it did not come up."""
    from pulumi.automation import CommandError

    try:
        done = stack.up(on_output=lambda line: _show(line, say), color="never")
    except CommandError as error:
        return {}, _last_words(str(error))
    return {name: output.value for name, output in done.outputs.items()}, None


def _tear_down(stack: automation.Stack, inner: Inner, say: Say) -> None:
    """Destroy and remove the stack with its backups; after a killed engine, or when that fails, by way of a refresh."""
    from pulumi.automation import CommandError

    try:
        if _in_state(stack)[1]:
            _recover(stack, inner, say)
        _call(inner.clearer, inner, say)
        stack.destroy(color="never")
    except CommandError:
        say(f"{stack.name}: destroying once more, after a refresh")
        _call(inner.clearer, inner, say)
        _recover(stack, inner, say)
        stack.destroy(color="never")
    command = stack.workspace.pulumi_command
    assert command is not None
    words = ["stack", "rm", "--yes", "--remove-backups", "--stack", stack.name]
    command.run(words, stack.workspace.work_dir, stack.workspace.env_vars)
    remove_unfinished(inner.backend, inner.project, inner.name)


def _show(line: str, say: Say) -> None:
    if line.strip():
        say(line.rstrip())


def _last_words(text: str, lines: int = 30) -> str:
    """The engine's diagnostics, each line once; when there are none, its errors, or else its last lines."""
    _, _, diagnostics = text.partition("\nDiagnostics:\n")
    there = [line.strip() for line in (diagnostics or text).splitlines() if line.strip()]
    if diagnostics:
        end = next((n for n, line in enumerate(there) if line in ("Resources:", "Outputs:")), len(there))
        return "\n".join(dict.fromkeys(there[:end][-lines:]))
    wrong = [line for line in there if "error:" in line]
    return "\n".join(dict.fromkeys(wrong or there[-lines:]))


def main(words: list[str]) -> int:
    """One run: the inner stack as JSON, and the descriptor of its lock, which is held until the end."""
    inner = Inner.model_validate_json(words[0])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a program prints is no answer

    def answer(kind: str, value: Any) -> None:
        with suppress(OSError):  # nobody listens any more: tear down all the same
            print(kind, json.dumps(value), file=answers, flush=True)

    return 0 if run(inner, sys.stdin, answer) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
