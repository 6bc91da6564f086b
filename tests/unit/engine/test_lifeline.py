"""A provider does not outlive its engine, with a real process named `pulumi` in the engine's place."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hallmark.engine.lifeline import find_ancestor

CHECKOUT = Path(__file__).parents[3]
PROVIDER = """
import time
from hallmark.engine.lifeline import die_with_engine
die_with_engine()
die_with_engine()
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A shell whose command is named `pulumi`."""
    shell = shutil.which("dash") or shutil.which("sh")
    assert shell is not None
    return Path(shutil.copy(Path(shell).resolve(), tmp_path / "pulumi"))


def start(engine: Path, folder: Path) -> tuple[subprocess.Popen[str], int]:
    """An engine with a provider below it, through another shell; returns the engine and the provider's process id."""
    (folder / "provider.py").write_text(PROVIDER)
    script = f"sh -c '{sys.executable} provider.py & echo $!; wait' & wait"
    process = subprocess.Popen(
        [engine, "-c", script], cwd=folder, env={"PYTHONPATH": str(CHECKOUT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert process.stdout.readline() == "ready\n"
    return process, pid


def ended(pid: int) -> bool:
    for _ in range(400):  # a busy machine
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_provider_ends_when_its_engine_is_killed(engine: Path, tmp_path: Path, by: signal.Signals) -> None:
    process, provider = start(engine, tmp_path)
    with process:
        assert find_ancestor("pulumi", provider) == process.pid
        process.send_signal(by)
        assert ended(provider)


def test_a_provider_lives_as_long_as_its_engine(engine: Path, tmp_path: Path) -> None:
    process, provider = start(engine, tmp_path)
    with process:
        time.sleep(0.3)
        os.kill(provider, 0)
        process.kill()
    assert ended(provider)


def test_the_engines_other_plugins_end_too_and_nobody_elses(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "idle.py").write_text("import time\ntime.sleep(60)\n")
    (tmp_path / "provider.py").write_text(PROVIDER)
    idle = f"{sys.executable} idle.py pulumi.dynamic"
    with subprocess.Popen([*idle.split(), "127.0.0.1:4712"], cwd=tmp_path) as another:
        provider = f"{sys.executable} provider.py pulumi.dynamic"
        script = f"{idle} 127.0.0.1:4711 & echo $!; {provider} 127.0.0.1:4711 & wait"
        with subprocess.Popen(
            [engine, "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(CHECKOUT)}, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            ours = int(process.stdout.readline())
            assert process.stdout.readline() == "ready\n"
            process.kill()
        assert ended(ours)
        assert another.poll() is None
        another.kill()


def test_a_program_that_comes_when_its_engine_is_gone_ends_the_orphaned_language_host(tmp_path: Path) -> None:
    shell = shutil.which("dash") or shutil.which("sh")
    assert shell is not None
    host = Path(shutil.copy(Path(shell).resolve(), tmp_path / "pulumi-language-python"))
    (tmp_path / "program.py").write_text(PROVIDER)
    script = f"until [ -e gone ]; do sleep 0.05; done; {sys.executable} program.py; sleep 60"
    engine = ["sh", "-c", f"'{host}' -c '{script}' >/dev/null & echo $!"]
    done = subprocess.run(
        engine,
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    (tmp_path / "gone").touch()
    assert ended(int(done.stdout))


def test_what_an_engine_leaves_is_ended_by_a_guard_that_outlives_both(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(
        "import os, subprocess, sys\n"
        "from hallmark.engine.lifeline import guard\n"
        "words = [sys.argv[1], '-c', 'sleep 60 & echo $!; wait']\n"
        "engine = subprocess.Popen(words, env={**os.environ, 'MARK': 'a'})\n"
        # In one write: the plugin writes to the same pipe.
        "sys.stdout.write('%d %d\\n' % (engine.pid, guard(engine.pid, 'MARK=a')))\n"
        "sys.stdout.flush()\n"
        "engine.wait()\n"
    )
    with (
        subprocess.Popen(["sleep", "60"], env={**os.environ, "MARK": "ab"}) as another,
        subprocess.Popen(
            [sys.executable, "run.py", engine],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        lines = sorted((process.stdout.readline().split(), process.stdout.readline().split()), key=len)
        (plugin,), (ours, watcher) = lines
        process.kill()
        os.kill(int(ours), signal.SIGKILL)
        assert ended(int(plugin))
        assert ended(int(watcher))
        assert another.poll() is None
        another.kill()


def test_without_an_engine_nothing_happens() -> None:
    code = "import hallmark.engine.lifeline as l\nl.ENGINE = 'no-engine'\nl.die_with_engine()\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_ancestor_is_found_by_its_whole_name() -> None:
    name = Path(f"/proc/{os.getppid()}/comm").read_text().strip()
    assert find_ancestor(name) == os.getppid()
    assert find_ancestor(f"{name}x") is None
    assert find_ancestor("anything", 2**22 + 1) is None


def test_a_name_with_brackets_and_blanks_does_not_confuse(tmp_path: Path) -> None:
    odd = Path(shutil.copy(Path(shutil.which("sleep") or "").resolve(), tmp_path / "a) R (1 b"))
    with subprocess.Popen([odd, "60"]) as process:
        time.sleep(0.1)
        assert find_ancestor("a) R (1 b", process.pid) == process.pid
        process.kill()
