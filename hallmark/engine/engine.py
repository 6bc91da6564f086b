"""Runs the Pulumi engine on a stack of this checkout: environment, passphrase, stack, stale lock, signals.

State lives in the backend that PULUMI_BACKEND_URL names, and otherwise in a folder inside the checkout, so that no
login is needed and no question asked. What the engine (and so our program and its providers) sees of the caller's
environment is an allow-list.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from hallmark.common.errors import PrerequisiteError, ProcessError, SettingsError, StoreError
from hallmark.common.failures import FOLDER, failed_run, read_failures
from hallmark.common.files import remove_tree
from hallmark.common.locks import read_holder, try_lock, write_holder
from hallmark.common.process import PATH, tied
from hallmark.engine.backend import credentials, folder_of, remove_unfinished, state_environment
from hallmark.engine.command import ask_pulumi
from hallmark.engine.lifeline import guard
from hallmark.engine.pulumi_lock import clear_stale_locks

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_PROJECT = re.compile(r"^name:\s*[\"']?([A-Za-z0-9_.-]+)", re.MULTILINE)
_SECRETS = re.compile(r"^secretsprovider:\s*[\"']?([^\"'\s]+)", re.MULTILINE)
_NO_STACK = "no stack named"
_QUICK, _FETCH = 120.0, 1800.0
# fmt: off
_PASSED_ON = frozenset([
    "HOME", "USER", "LOGNAME", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES", "LANG", "LANGUAGE", "TZ", "TMPDIR",
    "CI", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
    "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "PULUMI_HOME", "PULUMI_ERROR_OUTPUT_STRING",
])
# fmt: on
_PASSED_ON_PREFIXES = ("LC_", "AWS_", "HALLMARK_")
# In the environment of an engine and of its plugins: the `hallmark up` that they work for. What is to outlive them (the
# inner runs of ephemeral.py) gets an environment without it.
_ENGINE_MARK = "_HALLMARK_UP"
_INTERRUPTED = "hallmark: Pulumi finishes the step under way, then stops; a second interrupt ends it at once"


class Engine:
    """The Pulumi CLI for the checkout at `root`. Its own state and passphrase are in `root`/.hallmark."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self._home = root / ".hallmark"
        self._given = environment

    def up(
        self,
        stack: str,
        say: Callable[[str], None],
        *,
        output: TextIO | None = None,
        targets: Sequence[str] = (),
    ) -> None:
        """Bring a stack up, its output going straight to the caller's terminal (or to `output`).

        `targets` are the URNs of the resources that are meant, `**` for any characters; without any all are.

        Raises StoreError when another run has the stack, RunError with what went wrong when the run fails,
        PrerequisiteError without a CLI.
        """
        _check_stack(stack)
        self._check_set_up()
        pulumi = self.program()
        with self._alone(stack):
            folder = folder_of(self.backend)
            if folder is not None:
                # Elsewhere it cannot be told who holds a lock, and Pulumi says by itself whose it is and what to do.
                for lock in clear_stale_locks(folder, self.project(), stack):
                    say(f"removed the lock of a run that died (process {lock.pid})")
                remove_unfinished(self.backend, self.project(), stack)
            known = self._known(pulumi, stack)
            if known is None:
                self._capture([pulumi, "stack", "init", "--non-interactive", *self._secrets(stack), stack])
            elif known.get("pending_operations"):
                self._forget_interrupted(pulumi, stack)
            # Refreshed, so that an image which has vanished is noticed and made anew.
            # What fails in one recipe stops no other one. Outputs are for `hallmark up` to show.
            how = ["--yes", "--skip-preview", "--refresh", "--continue-on-error", "--suppress-outputs"]
            with self._failures(stack) as folder:
                env = {**self.environment(), FOLDER: str(folder)}
                chosen = [word for target in targets for word in ("--target", target)]
                words = [pulumi, "up", *how, *chosen, "--stack", stack]
                code, interrupted = _run_in_foreground(words, env=env, cwd=self.root, output=output)
                failures = read_failures(folder, unfinished=code > 0 and not interrupted)
        if code != 0:
            ended = f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"
            raise failed_run(stack, failures, how=ended, interrupted=interrupted)

    def outputs(self, stack: str) -> dict[str, Any]:
        """The stack's outputs; StoreError when the stack was never brought up."""
        path = self._stack_path(_check_stack(stack))
        if path is not None and not path.exists():
            raise _never_up(stack)
        pulumi = self.program()
        try:
            outputs = json.loads(self._capture([pulumi, "stack", "output", "--json", "--stack", stack]))
        except ProcessError as error:
            if _NO_STACK in str(error):
                raise _never_up(stack) from error
            raise
        if not isinstance(outputs, dict):
            raise ProcessError("pulumi stack output: expected a JSON object")
        return outputs

    def install_plugin(self, name: str, version: str) -> None:
        """Fetch one of Pulumi's resource plugins, once for all checkouts. ProcessError when it cannot be had."""
        self._capture([self.program(), "plugin", "install", "resource", name, version], timeout=_FETCH)

    @property
    def state(self) -> Path:
        """The folder of the checkout's own backend."""
        return self._home / "state"

    @property
    def backend(self) -> str:
        """The backend's URL. SettingsError for one that cannot be used."""
        return state_environment(self._home, self._given)["PULUMI_BACKEND_URL"]

    def project(self) -> str:
        """The project's name, from Pulumi.yaml."""
        found = _PROJECT.search((self.root / "Pulumi.yaml").read_text())
        if found is None:
            raise SettingsError(f"{self.root}/Pulumi.yaml: name: expected a project's name")
        return found.group(1)

    def program(self) -> str:
        """The absolute path of `pulumi`; PrerequisiteError when there is none on the search path."""
        found = shutil.which("pulumi", path=self._search_path())
        if found is None:
            raise PrerequisiteError(
                "pulumi: not found on this machine; `make setup` installs it, or put the CLI on PATH"
            )
        return found

    def environment(self) -> dict[str, str]:
        """What the engine gets: the allowed part of the caller's environment, backend, passphrase, PATH."""
        allowed = {
            name: value
            for name, value in self._given.items()
            if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
        }
        state = state_environment(self._home, self._given)
        providers = map(_secrets_provider, self.root.glob("stacks/Pulumi.*.yaml"))
        return {
            "HOME": pwd.getpwuid(os.geteuid()).pw_dir,
            "LC_ALL": "C.UTF-8",
            **allowed,
            **credentials(self._given, state["PULUMI_BACKEND_URL"], *providers),
            "PATH": self._search_path(),
            **state,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            # Plugins are for stacks on AWS alone (aws_plugins.py).
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # All of them wait most of the time, their memory does not: Go's collector works earlier than by default,
            # and the C library of the Python processes gives back what is free (in bytes).
            "GOGC": "20",
            "MALLOC_TRIM_THRESHOLD_": "65536",
        }

    @property
    def _passphrase(self) -> Path:
        return self._home / "passphrase"

    def _search_path(self) -> str:
        """Our own Python first (the language host takes the first that it finds), then the CLI that was set up."""
        tools = self._home / "tools"
        ours = [str(Path(sys.executable).parent), *([str(tools.resolve())] if tools.exists() else [])]
        return os.pathsep.join([*ours, self._given.get("PATH") or PATH])

    def _check_set_up(self) -> None:
        """The passphrase locks what the state keeps secret; it is not made here, as a new one fits no old state."""
        if not self._passphrase.exists():
            raise PrerequisiteError(f"{self._passphrase}: missing; `make setup` makes it")
        if (folder := folder_of(self.backend)) is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def _stack_path(self, stack: str) -> Path | None:
        """The file of a stack's state; None when the state is not on this machine."""
        folder = folder_of(self.backend)
        return None if folder is None else folder / ".pulumi/stacks" / self.project() / f"{stack}.json"

    def _known(self, pulumi: str, stack: str) -> dict[str, Any] | None:
        """What the state says of a stack; None when there is no such stack."""
        if (path := self._stack_path(stack)) is not None:
            # What the CLI would say of a folder, half a second sooner.
            try:
                latest: dict[str, Any] | None = json.loads(path.read_bytes())["checkpoint"]["latest"]
            except FileNotFoundError:
                return None
            except (OSError, ValueError, KeyError):
                return {}
            return latest or {}
        try:
            exported: dict[str, Any] = json.loads(self._capture([pulumi, "stack", "export", "--stack", stack]))
            return exported.get("deployment") or {}
        except ProcessError as error:
            if _NO_STACK in str(error):
                return None
            raise

    def _secrets(self, stack: str) -> list[str]:
        """The words that make a stack with the secrets provider that its file names already."""
        named = _secrets_provider(self.root / "stacks" / f"Pulumi.{stack}.yaml")
        return ["--secrets-provider", named] if named else []

    def _forget_interrupted(self, pulumi: str, stack: str) -> None:
        """Drop what a killed run left as `pending` in the state: every step of ours finds or redoes its own work."""
        how = ["--yes", "--skip-preview", "--non-interactive", "--clear-pending-creates"]
        self._capture([pulumi, "refresh", *how, "--stack", stack])

    def _capture(self, words: Sequence[str], *, timeout: float = _QUICK) -> str:
        """Run a short command of the engine; what it printed, or ProcessError with its own words."""
        pulumi, *rest = words
        return ask_pulumi(pulumi, rest, environment=self.environment(), folder=self.root, timeout=timeout)

    @contextmanager
    def _failures(self, stack: str) -> Iterator[Path]:
        """An empty folder in which the run leaves what went wrong."""
        folder = self._home / f"failures-{stack}"
        remove_tree(folder)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            remove_tree(folder)

    @contextmanager
    def _alone(self, stack: str) -> Iterator[None]:
        """Keep other `hallmark up` away from this stack: two of them must not both judge the same stale lock."""
        path = self._home / f"up-{stack}.lock"
        descriptor = try_lock(path)
        if descriptor is None:
            holder = read_holder(path)
            raise StoreError(
                f"stack {stack} is in use: `hallmark up` runs as process {holder}; wait for its end, then try again"
            )
        try:
            write_holder(descriptor)
            yield
        finally:
            os.close(descriptor)


def _secrets_provider(file: Path) -> str:
    """The secrets provider that a stack's file names, or nothing."""
    try:
        found = _SECRETS.search(file.read_text())
    except OSError:
        return ""
    return found.group(1) if found else ""


def _never_up(stack: str) -> StoreError:
    return StoreError(f"{stack}: expected a stack that was brought up once; run `hallmark up {stack}`")


def _check_stack(stack: str) -> str:
    if not _NAME.fullmatch(stack):
        raise SettingsError(f"{stack!r}: expected a stack's name: letters, digits, dots, _ and -")
    return stack


def _run_in_foreground(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path, output: TextIO | None
) -> tuple[int, bool]:
    """Run the engine with our own terminal; return its exit code, and whether a signal came meanwhile.

    An interrupt must reach it exactly once: its first one finishes the step under way, its second one aborts. On a
    terminal it has its own view of the keyboard and of the signals of the terminal's process group, so we merely
    ignore ours; else it gets a process group of its own and we pass each signal on.
    """
    on_terminal = sys.stdin.isatty() and (output or sys.stdout).isatty()
    running: list[subprocess.Popen[bytes]] = []
    signals: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        if running and not (on_terminal and number == signal.SIGINT):
            running[0].send_signal(signal.SIGINT)
            with suppress(OSError):  # the terminal may be what has gone
                print(_INTERRUPTED, file=sys.stderr, flush=True)

    settings = termios.tcgetattr(sys.stdin) if on_terminal else None
    previous = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        process = subprocess.Popen(
            tied(words),  # the engine does not outlive us; its plugins do not outlive the engine (lifeline.py)
            env={**env, _ENGINE_MARK: str(os.getpid())},
            cwd=cwd,
            stdout=output,
            stdin=None if on_terminal else subprocess.DEVNULL,
            process_group=None if on_terminal else 0,
        )
        running.append(process)
        watcher = guard(process.pid, f"{_ENGINE_MARK}={os.getpid()}")
        code = process.wait()
        os.waitpid(watcher, 0)
        return code, bool(signals)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if settings is not None:
            # An engine that was killed leaves the keyboard raw.
            with suppress(termios.error):  # the terminal has gone
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)
