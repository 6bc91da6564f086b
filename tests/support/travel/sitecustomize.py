"""Sets the clock of a Python process, and of all that it starts, some days ahead of the machine's.

Python reads a `sitecustomize` on its path as it starts. This folder is on the path only of a child of a test run with
`--clock` (tests/support/clock.py): the child then travels as the run does. Each Popen hands the days on, whatever the
environment that the code under test gives its children, so that no code of Hallmark's knows of this. Only time.time
and datetime travel. Programs that are not Python, the stamps of files and time.monotonic keep the machine's clock; and
so does gRPC, whose core is C: a deadline of "now" would be one in 400 days to it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_DAYS = "HALLMARK_TESTS_CLOCK"
_HERE = str(Path(__file__).parent)


def travel(days: int) -> Callable[[], None]:
    """Set out, from whatever the clock says now. What is returned leads back."""
    import time_machine

    plain = subprocess.Popen.__init__

    @wraps(plain)
    def start(self: subprocess.Popen[Any], *args: Any, **options: Any) -> None:
        given = os.environ if options.get("env") is None else options["env"]
        path = os.pathsep.join([_HERE, *filter(None, [given.get("PYTHONPATH")])])
        ahead = days + int(given.get(_DAYS, 0))
        plain(self, *args, **{**options, "env": {**given, "PYTHONPATH": path, _DAYS: str(ahead)}})

    clock = time.time

    def now() -> float:
        caller = sys._getframe().f_back
        return stays() if caller and caller.f_globals["__name__"].startswith("grpc.") else clock()

    stays = time_machine.escape_hatch.time.time
    journey = time_machine.travel(timedelta(days=days))
    journey.start()
    clock()  # it starts to run when it is first asked
    subprocess.Popen.__init__, time.time = start, now  # type: ignore[method-assign]

    def back() -> None:
        subprocess.Popen.__init__, time.time = plain, clock  # type: ignore[method-assign]
        journey.stop()

    return back


def _follow() -> None:
    """Travel as the process that started this one, and leave no trace of it in the environment."""
    days = int(os.environ.pop(_DAYS, 0))
    path = os.environ.pop("PYTHONPATH", "").split(os.pathsep)
    if kept := [folder for folder in path if folder and folder != _HERE]:
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)
    if days and find_spec("time_machine"):  # the system's own Python has none
        sys.modules["pytest"] = None  # type: ignore[assignment] # time-machine imports it when it can, for a fixture
        try:
            travel(days)
        finally:
            del sys.modules["pytest"]


if __name__ == "sitecustomize":
    _follow()
