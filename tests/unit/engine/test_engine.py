"""The engine's surroundings: what it sees of the environment, how often an interrupt reaches it, who else may run."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from hallmark.common.errors import PrerequisiteError, SettingsError, StoreError
from hallmark.common.failures import Failure, RunError
from hallmark.common.locks import try_lock
from hallmark.engine.engine import Engine
from tests.support.small_disk import CHECKOUT
from tests.unit.engine.test_pulumi_lock import dead_pid, write_lock

# Stands in for the CLI: says what it got, and can wait for interrupts.
FAKE = f"""#!{sys.executable}
import json, os, signal, sys, time
root = os.getcwd()
with open("calls", "a") as calls:
    calls.write(json.dumps({{"args": sys.argv[1:], "env": dict(os.environ), "pgrp": os.getpgrp()}}) + "\\n")
remote = not os.environ["PULUMI_BACKEND_URL"].startswith("file://")
if sys.argv[1:3] == ["stack", "export"] or remote and sys.argv[1:3] == ["stack", "output"]:
    if not os.path.exists("remote"):
        sys.exit(print("error: no stack named 'local' found", file=sys.stderr) or 6)
    print(open("remote").read())
    sys.exit()
if sys.argv[1:3] == ["stack", "init"] and not remote:
    state = os.environ["PULUMI_BACKEND_URL"].removeprefix("file://").partition("?")[0]
    folder = os.path.join(state, ".pulumi/stacks/hallmark")
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, sys.argv[-1] + ".json"), "w").close()
if sys.argv[1:3] == ["stack", "output"]:
    print('{{"images": {{"web": {{"id": "web-1", "accepted": true}}}}}}')
if sys.argv[1] == "up" and os.path.exists("tell"):
    for number, failure in enumerate(json.load(open("tell"))):
        with open(os.path.join(os.environ["_HALLMARK_FAILURES"], f"{{number}}.json"), "w") as file:
            json.dump(failure, file)
        time.sleep(0.02)
if sys.argv[1] == "up" and os.path.exists("fail"):
    sys.exit(int(open("fail").read()))
if sys.argv[1] == "up" and os.path.exists("raw"):
    import tty
    tty.setraw(0)
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "up" and os.path.exists("wait"):
    count = []
    signal.signal(signal.SIGINT, lambda *_: count.append(1))
    print("waiting", flush=True)
    end = time.monotonic() + 20
    while len(count) < int(open("wait").read()) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    open("interrupts", "w").write(str(len(count)))
    sys.exit(1)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout that was set up, with a stand-in for the CLI."""
    (tmp_path / "Pulumi.yaml").write_text("name: hallmark\nruntime: python\n")
    tools = tmp_path / ".hallmark/tools"
    tools.mkdir(parents=True)
    (tmp_path / ".hallmark/passphrase").write_text("secret\n")
    (tools / "pulumi").write_text(FAKE)
    (tools / "pulumi").chmod(0o755)
    return tmp_path


UP = [
    *("up", "--yes", "--skip-preview", "--refresh", "--continue-on-error", "--suppress-outputs"),
    *("--stack", "local"),
]


def calls(root: Path) -> list[list[str]]:
    """The arguments of each call of the CLI."""
    return [json.loads(line)["args"] for line in (root / "calls").read_text().splitlines()]


def said_nothing(text: str) -> None:
    """Nothing was expected to be said."""
    raise AssertionError(text)


def test_the_first_up_makes_the_stack_and_later_ones_do_not(root: Path) -> None:
    engine = Engine(root, {})
    engine.up("local", said_nothing)
    engine.up("local", said_nothing)
    assert calls(root) == [["stack", "init", "--non-interactive", "local"], UP, UP]


def test_what_a_killed_run_left_pending_is_dropped_from_the_state(root: Path) -> None:
    engine = Engine(root, {})
    engine.up("local", said_nothing)
    state = engine.state / ".pulumi/stacks" / engine.project() / "local.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": [{"type": "creating"}]}}}))
    engine.up("local", said_nothing)
    refresh = ["refresh", "--yes", "--skip-preview", "--non-interactive", "--clear-pending-creates", "--stack", "local"]
    assert calls(root)[-2:] == [refresh, UP]


def test_the_environment_is_an_allow_list(root: Path) -> None:
    given = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "LC_ALL": "de_DE.UTF-8",
        "AWS_PROFILE": "me",
        "HALLMARK_STORE": "/x",
        "PULUMI_CONFIG": '{"secret": 1}',
        "PULUMI_CONFIG_PASSPHRASE": "a stranger's",
        "PULUMI_ACCESS_TOKEN": "pul-1",
        "PULUMI_BACKEND_URL": "file:///another/.hallmark/state?metadata=skip",
        "SECRET": "x",
        "PYTHONPATH": "/evil",
        "LD_PRELOAD": "evil.so",
    }
    Engine(root, given).up("local", said_nothing)
    seen = json.loads((root / "calls").read_text().splitlines()[0])["env"]
    assert seen.pop("PATH").split(":") == [str(Path(sys.executable).parent), str(root / ".hallmark/tools"), "/usr/bin"]
    seen.pop("LC_CTYPE", None)
    assert seen == {
        "HOME": "/home/me",
        "LC_ALL": "de_DE.UTF-8",
        "AWS_PROFILE": "me",
        "HALLMARK_STORE": "/x",
        "PULUMI_BACKEND_URL": f"file://{root}/.hallmark/state?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": f"{root}/.hallmark/passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "GOGC": "20",
        "MALLOC_TRIM_THRESHOLD_": "65536",
    }


REMOTE = {"PULUMI_BACKEND_URL": "s3://states", "PATH": "/usr/bin"}


def test_a_backend_elsewhere_is_asked_through_the_cli(root: Path) -> None:
    """Whether the stack is there and what is pending; locks and unfinished files are not looked for."""
    lock = write_lock(root / ".hallmark/state", pid=dead_pid())
    engine = Engine(root, REMOTE)
    export = ["stack", "export", "--stack", "local"]
    with pytest.raises(StoreError, match="expected a stack that was brought up once"):
        engine.outputs("local")
    (root / "calls").unlink()
    engine.up("local", said_nothing)
    assert calls(root) == [export, ["stack", "init", "--non-interactive", "local"], UP]
    (root / "remote").write_text('{"deployment": {"pending_operations": [{"type": "creating"}]}}')
    engine.up("local", said_nothing)
    refresh = ["refresh", "--yes", "--skip-preview", "--non-interactive", "--clear-pending-creates", "--stack", "local"]
    assert calls(root)[3:] == [export, refresh, UP]
    assert lock.exists()


def test_a_stack_is_made_with_the_secrets_provider_that_its_file_names(root: Path) -> None:
    (root / "stacks").mkdir()
    (root / "stacks/Pulumi.local.yaml").write_text("secretsprovider: hashivault://key\nencryptedkey: abc\n")
    Engine(root, {**REMOTE, "VAULT_TOKEN": "t", "AZURE_STORAGE_KEY": "k"}).up("local", said_nothing)
    assert calls(root)[1] == ["stack", "init", "--non-interactive", "--secrets-provider", "hashivault://key", "local"]
    seen = json.loads((root / "calls").read_text().splitlines()[0])["env"]
    assert (seen.get("VAULT_TOKEN"), seen.get("AZURE_STORAGE_KEY")) == ("t", None)


def test_what_a_killed_engine_had_begun_to_write_is_removed(root: Path) -> None:
    unfinished = root / ".hallmark/state/.pulumi/stacks/hallmark/local.json.18cf2a.tmp"
    unfinished.parent.mkdir(parents=True)
    unfinished.touch()
    Engine(root, {"PATH": "/usr/bin"}).up("local", said_nothing)
    assert not unfinished.exists()


def test_a_failed_run_is_an_error_that_points_at_what_was_printed(root: Path) -> None:
    (root / "fail").write_text("255")
    with pytest.raises(
        RunError, match="pulumi up: stack local: failed with exit code 255; what went wrong is told"
    ) as failed:
        Engine(root, {}).up("local", said_nothing)
    assert (failed.value.exit_code, failed.value.failures) == (1, ())


def test_a_failed_run_ends_with_what_its_program_and_providers_told(root: Path) -> None:
    failures = [
        Failure(recipe="web", step="local.acceptance", code=6, message="web-1 rejected:\nevidence: /e"),
        Failure(recipe="db", step="local.build", code=5, message="db: build: failed"),
    ]
    (root / "fail").write_text("1")
    (root / "tell").write_text(json.dumps([failure.model_dump() for failure in failures]))
    with pytest.raises(RunError) as failed:
        Engine(root, {}).up("local", said_nothing)
    assert str(failed.value).splitlines() == [
        "stack local failed: web in acceptance, db in build",
        "web-1 rejected:",
        "evidence: /e",
        "db: build: failed",
    ]
    assert failed.value.exit_code == 5
    assert not list((root / ".hallmark").glob("failures-*"))
    (root / "tell").unlink()
    with pytest.raises(RunError, match="what went wrong is told above"):
        Engine(root, {}).up("local", said_nothing)


def test_only_what_is_chosen_is_brought_up(root: Path) -> None:
    Engine(root, {}).up("local", said_nothing, targets=["**::base", "**::web"])
    assert calls(root)[-1] == [*UP[:-2], "--target", "**::base", "--target", "**::web", *UP[-2:]]


def test_a_stale_lock_is_removed_and_told(root: Path) -> None:
    pid = dead_pid()
    path = write_lock(root / ".hallmark/state", pid=pid)
    said: list[str] = []
    Engine(root, {}).up("local", said.append)
    assert said == [f"removed the lock of a run that died (process {pid})"]
    assert not path.exists()


def test_a_second_hallmark_up_is_refused(root: Path) -> None:
    descriptor = try_lock(root / ".hallmark/up-local.lock")
    assert descriptor is not None
    os.write(descriptor, b"4711\n")
    with pytest.raises(StoreError, match="stack local is in use: `hallmark up` runs as process 4711"):
        Engine(root, {}).up("local", said_nothing)
    os.close(descriptor)
    assert not (root / "calls").exists()


def test_outputs_are_the_stacks(root: Path) -> None:
    engine = Engine(root, {})
    with pytest.raises(StoreError, match=r"local: expected a stack that was brought up once; run `hallmark up local`"):
        engine.outputs("local")
    engine.up("local", said_nothing)
    assert engine.outputs("local") == {"images": {"web": {"id": "web-1", "accepted": True}}}


@pytest.mark.parametrize("stack", ["", "../x", "a b", "-x", "org/project/stack"])
def test_a_stack_needs_a_plain_name(root: Path, stack: str) -> None:
    with pytest.raises(SettingsError, match="expected a stack's name"):
        Engine(root, {}).up(stack, said_nothing)


def test_a_set_up_that_is_not_finished_says_what_to_run(root: Path) -> None:
    (root / ".hallmark/tools/pulumi").unlink()
    with pytest.raises(PrerequisiteError, match="pulumi: not found on this machine; `make setup` installs it"):
        Engine(root, {"PATH": "/nowhere"}).up("local", said_nothing)
    (root / ".hallmark/passphrase").unlink()
    with pytest.raises(PrerequisiteError, match="passphrase: missing; `make setup` makes it"):
        Engine(root, {}).up("local", said_nothing)


def program(root: Path) -> str:
    """Python that brings the stack up."""
    imports = "from pathlib import Path; from hallmark.engine.engine import Engine\n"
    return f"{imports}Engine(Path({str(root)!r}), {{}}).up('local', print)"


def start_up(root: Path) -> subprocess.Popen[str]:
    """`Engine.up` in a process (and session) of its own, once the stand-in waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", program(root)],
        env={"PYTHONPATH": str(CHECKOUT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("to_group", [False, True])
def test_one_interrupt_reaches_the_engine_once_and_is_explained(root: Path, number: int, to_group: bool) -> None:
    (root / "wait").write_text("1")
    with start_up(root) as process:
        (os.killpg if to_group else os.kill)(process.pid, number)
        assert process.wait(timeout=20) == 1
        assert process.stderr is not None
        said = process.stderr.read()
        assert "hallmark: Pulumi finishes the step under way, then stops" in said
        assert "RunError: stack local: interrupted" in said
    assert (root / "interrupts").read_text() == "1"


def test_the_second_interrupt_is_passed_on_too(root: Path) -> None:
    (root / "wait").write_text("2")
    with start_up(root) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 1
        process.communicate()
    assert (root / "interrupts").read_text() == "2"


def test_a_terminal_that_a_killed_engine_left_raw_is_restored(root: Path) -> None:
    (root / "raw").touch()
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", program(root)]
    done = subprocess.run(
        words,
        env={"PYTHONPATH": str(CHECKOUT)},
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert b"was ended by signal 9" in done.stderr
    assert termios.tcgetattr(theirs)[3] & termios.ICANON
    os.close(ours)
    os.close(theirs)


def test_the_engine_dies_with_a_killed_hallmark(root: Path) -> None:
    (root / "wait").write_text("1")
    with start_up(root) as process:
        group = json.loads((root / "calls").read_text().splitlines()[-1])["pgrp"]
        assert _lives(group)
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 10
    while _lives(group):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
