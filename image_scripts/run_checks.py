"""Runs checks. Those in Python share an interpreter: each start of Python costs a quarter of a second under emulation.

It parts in as many as keep the machine's processors busy. Each takes the next checks that are left: those in Python
first, which take longer, and those that ask for the same in one piece.

    python3 -IS run_checks.py RESULTS ID...  as controls.sh does: values from the plan, ID.out, .exit and .ms in RESULTS
    python3 -IS run_checks.py ID             one control in Python: values from the environment, printed, its exit code

Exit codes of a check: 0 pass, 1 fail, 3 not applicable, 124 out of time, 2 an error in the check itself.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

SCRIPTS = Path(__file__).resolve().parent
sys.path.insert(0, str(SCRIPTS))
# The packages' modules. -S leaves out what Python runs of itself before this line: /usr/local's modules, any *.pth.
sys.path.append("/usr/lib/python3/dist-packages")
sys.dont_write_bytecode = True

from lib import Context, NotApplicable  # noqa: E402 - found by the line above: -I leaves it out

_PLACE = 4  # bytes of a number in the pipe
# What one of a row has asked for (the walk of the disk, sums of packages, the state of units), the next ones get from
# lib.py's caches, or from the folder that `once` of lib.sh writes to. The first row takes longest.
TOGETHER = (
    (
        "package-integrity", "no-secrets", "file-integrity", "system-files-unwritable", "setid-files",
        "stray-permissions",
    ),
    (
        "core-dumps", "ctrl-alt-del", "kernel-parameters", "apparmor", "audit-records", "host-firewall",
        "logs-forwarded", "logs-persistent", "resource-limits", "time-authenticated",
    ),
    ("default-umask", "idle-sessions", "home-directories", "login-banners"),
    ("brute-force",),
    ("apt-client", "apt-sources"),
    (
        "ssh-access", "ssh-allow-groups", "ssh-crypto", "ssh-host-keys", "ssh-key-strength",
        "no-cleartext-credentials",
    ),
)  # fmt: skip


def main(words: list[str]) -> int:
    """Run one control, or many into a folder of results."""
    signal.signal(signal.SIGALRM, _out_of_time)
    if len(words) == 1:
        code, text = run_check(words[0], os.environ)
        print(text, end="")
        return code
    gc.disable()  # they end soon; a look at all objects would copy what the workers share
    results, groups = Path(words[0]), in_groups(words[1:])
    _know_people()
    take, give = os.pipe()
    os.write(give, b"".join(place.to_bytes(_PLACE) for place in range(len(groups))))
    os.close(give)  # so that a read of the empty pipe ends
    workers = os.cpu_count() or 1  # one more, since some checks wait, made a look at an emulated machine a tenth longer
    for _ in range(workers):
        if os.fork() == 0:
            _work(take, groups, results)
            return 0
    return max(os.waitstatus_to_exitcode(os.wait()[1]) != 0 for _ in range(workers))


def in_groups(ids: list[str]) -> list[list[str]]:
    """The controls as the workers take them: in the order in which they begin, those of a row of TOGETHER in one."""
    rest = [control for control in ids if not any(control in row for row in TOGETHER)]
    rest.sort(key=lambda control: not _in_python(control).exists())
    groups = [[control for control in row if control in ids] for row in TOGETHER]
    return [*filter(None, groups), *([control] for control in rest)]


def _in_python(control: str) -> Path:
    return SCRIPTS / "controls" / control / "check.py"


def _know_people() -> None:
    """On a live server its user data may have made accounts: HALLMARK_PEOPLE has a line for each, with its groups."""
    if os.environ["HALLMARK_PHASE"] == "drift" and os.path.lexists("/var/lib/cloud/instance/cloud-config.txt"):
        import people

        try:
            os.environ["HALLMARK_PEOPLE"] = people.of_user_data()
        except Exception:  # whatever it is, the checks go on, and know of nobody
            traceback.print_exc()


def _work(take: int, groups: list[list[str]], results: Path) -> None:
    """Run the next controls that nobody took, until none is left."""
    plan = Path(os.environ["HALLMARK_PLAN"])
    console = os.environ.pop("HALLMARK_CONSOLE")
    total = sum(map(len, groups))
    # A worker's own: of two that ask at once, one could read what the other has not written to its end.
    with tempfile.TemporaryDirectory() as shared:
        os.environ["HALLMARK_SHARED"] = shared
        while place := os.read(take, _PLACE):
            number = int.from_bytes(place)
            for at, control in enumerate(groups[number], sum(map(len, groups[:number])) + 1):
                _progress(console, at, total, control)
                _record(control, plan, results)


def _record(control: str, plan: Path, results: Path) -> None:
    """Run one control with its values of the plan; what came of it goes to files."""
    began = time.monotonic()
    values = {
        "HALLMARK_CONTROL": str(SCRIPTS / "controls" / control),
        "HALLMARK_TABLE": str(plan / "table" / control),
        **_assignments(plan / "env" / control),
    }
    out = results / f"{control}.out"
    if _in_python(control).exists():
        code, text = run_check(control, {**os.environ, **values})
        out.write_text(text)
    else:
        code = run_shell(control, {**os.environ, **values}, out)
    (results / f"{control}.ms").write_text(f"{int((time.monotonic() - began) * 1000)}\n")
    (results / f"{control}.exit").write_text(f"{code}\n")


def run_shell(control: str, environment: dict[str, str], out: Path) -> int:
    """The exit code of a control's check.sh; what it prints goes to a file."""
    ended = ["timeout", "-k", "10", environment.pop("HALLMARK_CONTROL_SECONDS", "600")]
    words = [*ended, "/bin/sh", str(SCRIPTS / "controls" / control / "check.sh")]
    with out.open("wb") as stream:
        code = subprocess.run(
            words, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False
        ).returncode
    return code if code >= 0 else 128 - code  # as a shell tells a signal


def run_check(control: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """One control's exit code and what it said."""
    context = Context(environment)
    code = 0
    signal.alarm(int(environment.get("HALLMARK_CONTROL_SECONDS", "600")))
    try:
        passed = _load(control)(context)
        context.lines.append(f"{context.findings} finding(s)" if context.findings else f"PASS {passed}")
        code = 1 if context.findings else 0
    except NotApplicable as why:
        context.lines.append(f"NOT APPLICABLE {why}")
        code = 3
    except TimeoutError as why:
        context.lines.append(f"FAIL {why}")
        code = 124
    except Exception:  # whatever it is, the other checks go on, and the host sees an error
        context.lines.append(traceback.format_exc())
        code = 2
    finally:
        signal.alarm(0)
    return code, "".join(f"{line}\n" for line in context.lines)


def _load(control: str) -> Callable[[Context], str]:
    path = _in_python(control)
    spec = importlib.util.spec_from_file_location(f"check_{control.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    check: Callable[[Context], str] = module.check
    return check


def _assignments(path: Path) -> dict[str, str]:
    """The plan's values of one control: a shell assignment a line."""
    return dict(word.split("=", 1) for word in shlex.split(path.read_text()))


def _progress(console: str, number: int, total: int, control: str) -> None:
    try:
        with open(console, "w") as stream:  # noqa: PTH123
            stream.write(f"::hallmark:: progress controls {number} {total} check {control}\n")
    except OSError:
        pass  # nobody watches


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("the check took too long")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
