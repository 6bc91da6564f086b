"""What went wrong in a run of the engine: program and providers write it, `hallmark up` reads and tells it.

What they tell the engine comes to a terminal in the engine's form, cut and repeated, and without an exit code. So each
failure is also a file in a folder that `hallmark up` makes for its run alone and names in their environment. No guest
sees that folder, nor does any program that a step starts (process.py gives these an environment of their own).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from hallmark.common.errors import HallmarkError, ProcessError
from hallmark.common.files import write_atomic

FOLDER = "_HALLMARK_FAILURES"
"""The variable that names the folder to programs and providers; without it nobody reads what they would write."""

INTERRUPTED = 130
"""The exit code of a command that a signal has ended before its time."""

_UNDER_WAY = ".under-way"


class Failure(BaseModel):
    """One failure: in which recipe (empty: in what all recipes share), in which step, its exit code, its message."""

    model_config = ConfigDict(frozen=True)

    recipe: str = ""
    step: str = ""
    code: int
    message: str


class RunError(HallmarkError):
    """A run of the engine failed. Its exit code is that of what went wrong: of several failures the smallest."""

    def __init__(self, message: str, *, exit_code: int = HallmarkError.exit_code, failures: Sequence[Failure] = ()):
        super().__init__(message)
        self.exit_code, self.failures = exit_code, tuple(failures)


def failed_run(stack: str, failures: Sequence[Failure], *, how: str, interrupted: bool) -> RunError:
    """The error of a run of a stack that told these failures; `how` says how the engine ended, where none was told."""
    if interrupted:
        where, code = f"stack {stack}: interrupted", INTERRUPTED
    elif failures:
        where, code = f"stack {stack} failed{_places(failures)}", min(failure.code for failure in failures)
    else:
        where, code = f"pulumi up: stack {stack}: {how}; what went wrong is told above", HallmarkError.exit_code
    return RunError("\n".join([where, *(f.message for f in failures)]), exit_code=code, failures=failures)


def _places(failures: Sequence[Failure]) -> str:
    """Which recipe failed in which step."""
    places = [f"{failure.recipe} in {failure.step.rpartition('.')[2]}" for failure in failures if failure.recipe]
    return ": " + ", ".join(dict.fromkeys(places)) if places else ""


def tell(error: Exception, *, recipe: str = "", step: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """Leave a failure for `hallmark up`; return what is to be told to the engine.

    That is the message's first line when `hallmark up` will tell all of it at its end, and else the whole message.
    """
    message = str(error)
    folder = environment.get(FOLDER)
    if not folder:
        return message
    code = error.exit_code if isinstance(error, HallmarkError) else HallmarkError.exit_code
    failure = Failure(recipe=recipe, step=step, code=code, message=message)
    try:
        write_atomic(Path(folder) / f"{secrets.token_hex(8)}.json", failure.model_dump_json().encode())
    except OSError:
        return message
    return message.partition("\n")[0]


@contextmanager
def under_way(recipe: str, step: str, environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """What is done in the block is a failure of its own, told by nobody, when this process is killed in it."""
    if not (folder := environment.get(FOLDER)):
        yield
        return
    where = f"{recipe}: {step}" if recipe else step
    message = (
        f"{where}: the process that did this step was ended in the middle of it; most often the kernel does that for "
        "want of memory (`dmesg` says so); run again"
    )
    path = Path(folder) / f"{secrets.token_hex(8)}{_UNDER_WAY}"
    failure = Failure(recipe=recipe, step=step, code=ProcessError.exit_code, message=message)
    with suppress(OSError):
        write_atomic(path, failure.model_dump_json().encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_failures(folder: Path, *, unfinished: bool = False) -> list[Failure]:
    """The failures of a run, each once, in the order in which they happened.

    With `unfinished` those of steps, too, whose process was killed: for a run that the engine has brought to its end.
    """
    files = [*folder.glob("[!.]*.json"), *(folder.glob(f"[!.]*{_UNDER_WAY}") if unfinished else ())]
    files.sort(key=lambda path: path.stat().st_mtime_ns)
    found: dict[Failure, None] = {}
    for path in files:
        try:
            found[Failure.model_validate_json(path.read_bytes())] = None
        except (OSError, ValidationError) as error:
            found[Failure(code=HallmarkError.exit_code, message=f"{path}: cannot be read: {error}")] = None
    return list(found)
