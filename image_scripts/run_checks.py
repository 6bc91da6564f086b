"""Runs Python checks from one interpreter: each start of Python costs a quarter of a second under emulation.

When all of them are loaded, and the disk is walked for those that look at all of it, it parts in as many as the machine
has processors. Each takes the next check that is left.

    python3 -I run_checks.py RESULTS ID...   as controls.sh does: values from the plan, ID.out, .exit and .ms in RESULTS
    python3 -I run_checks.py ID              one control: values from the environment, printed, its exit code

Exit codes of a check: 0 pass, 1 fail, 3 not applicable, 124 out of time, 2 an error in the check itself.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

SCRIPTS = Path(__file__).resolve().parent
sys.path.insert(0, str(SCRIPTS))
sys.dont_write_bytecode = True

from lib import Context, NotApplicable, all_of_root  # noqa: E402 - found by the line above: -I leaves it out

_PLACE = 4  # bytes of a number in the pipe


def main(words: list[str]) -> int:
    """Run one control, or many into a folder of results."""
    signal.signal(signal.SIGALRM, _out_of_time)
    if len(words) == 1:
        code, text = run_check(words[0], os.environ)
        print(text, end="")
        return code
    # The last of a plan look at all that the others left, and take longest: they begin.
    results, ids = Path(words[0]), words[:0:-1]
    if any(_walks_the_disk(control) for control in ids):
        all_of_root()
    take, give = os.pipe()
    os.write(give, b"".join(place.to_bytes(_PLACE) for place in range(len(ids))))
    os.close(give)  # so that a read of the empty pipe ends
    workers = max(2, os.cpu_count() or 1)
    for _ in range(workers):
        if os.fork() == 0:
            _work(take, ids, results)
            return 0
    return max(os.waitstatus_to_exitcode(os.wait()[1]) != 0 for _ in range(workers))


def _work(take: int, ids: list[str], results: Path) -> None:
    """Run the next check that nobody took, until none is left."""
    plan = Path(os.environ["HALLMARK_PLAN"])
    total = len((plan / "plan").read_text().split())
    while place := os.read(take, _PLACE):
        number = int.from_bytes(place)
        _progress(total - len(ids) + number + 1, total, ids[number])
        _record(ids[number], plan, results)


def _record(control: str, plan: Path, results: Path) -> None:
    """Run one control with its values of the plan; what came of it goes to files."""
    began = time.monotonic()
    values = {"HALLMARK_TABLE": str(plan / "table" / control), **_assignments(plan / "env" / control)}
    code, text = run_check(control, {**os.environ, **values})
    (results / f"{control}.out").write_text(text)
    (results / f"{control}.ms").write_text(f"{int((time.monotonic() - began) * 1000)}\n")
    (results / f"{control}.exit").write_text(f"{code}\n")


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


def _walks_the_disk(control: str) -> bool:
    """Whether a check asks for all files. One that cannot be loaded says so when it runs."""
    try:
        names = _load(control).__globals__.values()
    except Exception:  # as above
        return False
    return any(value is all_of_root for value in names)


@functools.cache
def _load(control: str) -> Callable[[Context], str]:
    path = SCRIPTS / "controls" / control / "check.py"
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


def _progress(number: int, total: int, control: str) -> None:
    try:
        with open(os.environ["HALLMARK_CONSOLE"], "w") as console:  # noqa: PTH123
            console.write(f"::hallmark:: progress controls {number} {total} check {control}\n")
    except OSError:
        pass  # nobody watches


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError("the check took too long")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
