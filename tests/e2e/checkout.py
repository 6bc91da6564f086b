"""A scratch checkout: the project's own files in a folder of their own, with a store, a state and a stack of their own.

Only the Python environment, the Pulumi CLI and what can be made again (packages, bases) are shared with the work tree.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hallmark.common.locks import is_locked
from hallmark.common.process import PATH, run, tied
from hallmark.engine.backend import backend_in
from hallmark.store.store import Store
from tests.e2e.patched_base import NamedDisk

ROOT = Path(__file__).parents[2]
# Longer than any run here takes on a busy machine with two processors and no KVM.
LONGEST = 4800.0
_GONE_SECONDS = 15.0
_POWER_ON = re.compile(r"hallmark:\w+ (\S+) .*?(build|accept): power-on")
_SHARED = ("apt", "pool", "bases", "accelerator.json")

MARKER = """
id = "marker"
title = "A file with a word"
rationale = "A test's own control, as cheap as can be."
requirements = ["S1"]
severity = "low"
sources = [{ document = "NIST SP 800-123", section = "4" }]

[parameters.word]
type = "string"
default = "one"
description = "what the file says"
"""
MARKER_APPLY = '. "$HALLMARK_SCRIPTS/lib.sh"\nprintf \'%s\\n\' "$HM_WORD" | write_file 0644 root:root /etc/marker\n'
MARKER_CHECK = """\
. "$HALLMARK_SCRIPTS/lib.sh"
[ "$(cat /etc/marker)" = "$HM_WORD" ] || fail "another word"
timers=$(systemctl list-units --type=timer --state=active --plain --no-legend | awk '{ print $1 }')
# The jobs of the day are those of a machine that lives; a build has none.
case $HALLMARK_PHASE in
    build) [ "$timers" = hallmark-deadline.timer ] || fail "a job may begin while the image is built: $timers" ;;
    *) [ "$timers" != hallmark-deadline.timer ] || fail "no timer of the system's own waits" ;;
esac
pass "it says $HM_WORD"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """How a command ended: exit code, all that it printed (both streams as they came), seconds."""

    code: int
    text: str
    seconds: float

    def lines(self, word: str) -> list[str]:
        """The lines that have a word in them."""
        return [line for line in self.text.splitlines() if word in line]

    @property
    def machines(self) -> list[str]:
        """The machines that were powered on, as `RESOURCE MODE`, by what the run reported."""
        return sorted({" ".join(found) for found in _POWER_ON.findall(self.text)})


class Running:
    """A command under way, which dies with us; what it prints goes to a file."""

    def __init__(self, words: Sequence[str | Path], cwd: Path, env: dict[str, str], log: Path) -> None:
        self.log = log
        self._started = time.monotonic()
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                tied(words),
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    def wait_for(self, *words: str, timeout: float = LONGEST) -> None:
        """Wait until it has printed all of these."""
        end = time.monotonic() + timeout
        while not all(word in self.text for word in words):
            assert self.process.poll() is None, f"ended without saying {words}:\n{self.text}"
            assert time.monotonic() < end, f"did not say {words} within {timeout:.0f} s:\n{self.text}"
            time.sleep(0.05)

    def wait(self, timeout: float = LONGEST) -> Finished:
        """Wait for its end."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout:.0f} s:\n{self.text}") from None
        finally:
            self.kill()
        return Finished(code=code, text=self.text, seconds=time.monotonic() - self._started)

    def kill(self) -> None:
        """End it at once, and its whole session's first group."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Checkout:
    """The scratch checkout at `root`; `cache` is its own but for what is shared.

    `path` are folders that come first on PATH, `extra` is more environment.
    """

    def __init__(self, root: Path, cache: Path, stack: str = "local") -> None:
        self.root, self.cache, self.stack = root, cache, stack
        self.path: list[Path] = []
        self.extra: dict[str, str] = {}
        self.store = Store(root / ".hallmark" / "store")
        self.settings: dict[str, Any] = {"cache": str(cache)}
        self._runs = 0
        self._alive: list[Running] = []

    # What is in it

    def configure(self, **settings: Any) -> None:
        """Set keys of the stack (of Hallmark's, unless they name another namespace); None takes one away."""
        self.settings |= settings
        config = {k if ":" in k else f"hallmark:{k}": v for k, v in self.settings.items() if v is not None}
        path = self.root / "stacks" / f"Pulumi.{self.stack}.yaml"
        salt = [line for line in path.read_text().splitlines() if "salt" in line] if path.exists() else []
        path.write_text("\n".join([*salt, "config: " + json.dumps(config)]) + "\n")

    def use_base(self, base: NamedDisk) -> None:
        """Let the stack start from a user's own disk."""
        self.configure(base={"disk": str(base.disk), "sha512": base.sha512})

    def recipe(self, name: str, *, profile: str = "tiny", extra: str = "", top: str = "") -> Path:
        """Write a recipe without packages; `top` are further lines before its tables, `extra` further tables."""
        path = self.root / "recipes" / f"{name}.toml"
        path.write_text(
            f'name = "{name}"\ntitle = "A tiny image"\npurpose = "tests of the pipeline itself"\n'
            f'administrators = ["keeper"]\nlisten = ["22/tcp"]\ndeadline_minutes = 15\n{top}\n'
            f'[hardening]\nprofile = "{profile}"\n[machine]\nmemory_mib = 768\ncpus = 1\n{extra}\n'
        )
        return path

    def profile(self, name: str, *controls: str) -> None:
        """Write a profile."""
        path = self.root / "image_scripts" / "profiles" / f"{name}.toml"
        path.write_text(f'title = "of a test"\ncontrols = {json.dumps(controls)}\n')

    def control(self, name: str, *, apply: str = "", check: str = "echo fine", document: str = "") -> None:
        """Write a control; without `document` it has no parameters."""
        folder = self.root / "image_scripts" / "controls" / name
        folder.mkdir(exist_ok=True)
        text = document or MARKER.split("[parameters", maxsplit=1)[0].replace('"marker"', f'"{name}"')
        (folder / "control.toml").write_text(text)
        (folder / "apply.sh").write_text(f"set -eu\n{apply}\n")
        (folder / "check.sh").write_text(f"set -eu\n{check}\n")

    # What is run in it

    def start(self, *words: str, kind: str = "hallmark") -> Running:
        """Start `hallmark` (or `pulumi`) with these words."""
        programs: dict[str, list[str | Path]] = {
            "hallmark": [self.root / ".venv/bin/python", "-m", "hallmark"],
            "pulumi": [(self.root / ".hallmark/tools").resolve() / "pulumi"],
        }
        self._runs += 1
        log = self.root / ".hallmark" / f"run-{self._runs:02}-{words[0]}.log"
        running = Running([*programs[kind], *words], self.root, self.environment(), log)
        self._alive.append(running)
        return running

    def hallmark(self, *words: str, timeout: float = LONGEST) -> Finished:
        """Run `hallmark` to its end."""
        return self.start(*words).wait(timeout)

    def up(self, timeout: float = LONGEST) -> Finished:
        """`hallmark up`."""
        return self.hallmark("up", self.stack, timeout=timeout)

    def pulumi(self, *words: str, timeout: float = LONGEST) -> Finished:
        """Run `pulumi` by hand, as after `. ./env`."""
        return self.start(*words, "--non-interactive", "-s", self.stack, kind="pulumi").wait(timeout)

    def init(self) -> None:
        """Make the stack, as `hallmark up` does."""
        done = self.start("stack", "init", "--non-interactive", self.stack, kind="pulumi").wait(LONGEST)
        assert done.code == 0, done.text

    def environment(self) -> dict[str, str]:
        """What `env` gives to a shell."""
        tools = (self.root / ".hallmark/tools").resolve()
        return {
            "HOME": str(Path.home()),
            "PATH": ":".join([*map(str, self.path), f"{self.root}/.venv/bin", str(tools), PATH]),
            "LC_ALL": "C.UTF-8",
            "PULUMI_BACKEND_URL": backend_in(self.root / ".hallmark/state"),
            "PULUMI_CONFIG_PASSPHRASE_FILE": f"{self.root}/.hallmark/passphrase",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "XDG_CACHE_HOME": str(self.cache.parent),
            **self.extra,
        }

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, as `make -s outputs` prints them."""
        done = self.pulumi("stack", "output", "--json")
        assert done.code == 0, done.text
        outputs: dict[str, Any] = json.loads(done.text)
        return outputs

    def released(self, recipe: str) -> str | None:
        """The id of the image that a recipe's channel points at."""
        image = self.store.channel_target(recipe, "stable")
        return image.id if image else None

    # What must not be left of it

    def processes(self) -> list[int]:
        """Processes that work for this checkout: by their arguments, or by the folder that they are in."""
        return [pid for pid in _processes() if pid != os.getpid() and self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
            return any(str(place) in words or _is_in(pid, place) for place in (self.root, self.cache))
        return False

    def named(self, name: str) -> list[int]:
        """Those of our processes that run a program of this name (as far as the kernel remembers it)."""
        return [pid for pid in self.processes() if _name(pid) == name[:15]]

    def running(self, word: str) -> list[int]:
        """Those of our processes that have a word among their arguments, but for shells around them."""
        return [pid for pid in self.processes() if word in _command(pid) and not _name(pid).startswith("pulumi")]

    def leftovers(self) -> list[str]:
        """What is still there that should not be once no run is under way: processes, mounts, work, locks."""
        end = time.monotonic() + _GONE_SECONDS
        while self.processes() and time.monotonic() < end:
            time.sleep(0.1)
        mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if self._names_us(line)]
        slots = [str(path) for path in self.cache.glob("slots/*") if is_locked(path)]
        return [
            *(f"process {pid}: {_command(pid)}" for pid in self.processes()),
            *(f"mount: {line}" for line in mounts),
            *(f"held: {slot}" for slot in slots),
        ]

    def half_made(self) -> list[str]:
        """Half-made things: after a run that was killed they are there until the next one."""
        places = (self.store.root / "work", self.store.root / "images", self.root / ".hallmark/state/.pulumi/locks")
        whole = {image.id for image in self.store.images()}
        work = [str(path) for path in (*places[0].glob("*"), *places[2].rglob("*.json"))]
        return work + [str(path) for path in places[1].glob("*") if path.name not in whole]

    def _names_us(self, text: str) -> bool:
        return str(self.root) in text or str(self.cache) in text

    def end(self) -> None:
        """End whatever still runs."""
        for running in self._alive:
            running.kill()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def make_checkout(root: Path, cache: Path, shared: Path) -> Checkout:
    """Copy the work tree's tracked files to `root`; `cache` gets links into the `shared` one."""
    names = run(["git", "-C", ROOT, "-c", f"safe.directory={ROOT}", "ls-files", "-z"], timeout=60).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    (root / ".hallmark" / "state").mkdir(parents=True)
    (root / ".hallmark" / "passphrase").write_text("a test's own\n")
    for name in (".venv", ".hallmark/tools"):
        (root / name).symlink_to((ROOT / name).resolve())
    cache.mkdir(parents=True)
    for name in _SHARED:
        if name != "accelerator.json":
            (shared / name).mkdir(parents=True, exist_ok=True)
        (cache / name).symlink_to(shared / name)
    checkout = Checkout(root, cache)
    checkout.configure(recipes=["tiny"])
    checkout.control("marker", apply=MARKER_APPLY, check=MARKER_CHECK, document=MARKER)
    checkout.profile("tiny", "marker", "packages-locked")
    checkout.recipe("tiny")
    return checkout


@contextlib.contextmanager
def scratch(root: Path, cache: Path, shared: Path) -> Iterator[Checkout]:
    """A checkout of which nothing is left at the end: not a process, a mount, or half-made things."""
    checkout = make_checkout(root, cache, shared)
    try:
        yield checkout
        assert checkout.leftovers() == []
        assert checkout.half_made() == []
    finally:
        checkout.end()


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _is_in(pid: int, folder: Path) -> bool:
    return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")[:300]
    return ""


__all__ = ["ROOT", "Checkout", "Finished", "Running", "scratch"]
