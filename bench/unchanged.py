"""An unchanged `pulumi up` of the stack against an empty Pulumi program's: the same engine, backend, Python and host.

Both run on a copy of the state, so that the stack's own history is left alone; the mirror is asked as always.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench.measurement import Measurement, cpu_seconds, processor_ratio, ratio
from bench.site import Say, Site
from hallmark.common.errors import ProcessError, StoreError

TARGET = 2.0
RUNS = 5
_EMPTY = """\
name: hallmark-bench-empty
runtime:
  name: python
  options:
    virtualenv: {virtualenv}
"""


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """Alternate the two, after one run of each to warm up; medians of the wall clock."""
    state = site.copied_state()
    empty = _make_empty(site, state)
    _check_unchanged(site, state)
    found = []
    for name, options in (("unchanged up", ("--skip-preview",)), ("unchanged up with preview", ())):
        words = ("up", "--yes", *options)
        processor: dict[str, list[float]] = {"ours": [], "theirs": []}

        def up(side: str, words: tuple[str, ...] = words, kept: dict[str, list[float]] = processor) -> None:
            before = cpu_seconds()
            site.pulumi(*words, state=state, cwd=empty if side == "theirs" else None)
            kept[side].append(round(cpu_seconds() - before, 2))

        ours, theirs = alternate(
            lambda up=up: up("ours"),  # type: ignore[misc]
            lambda up=up: up("theirs"),  # type: ignore[misc]
            runs=runs or RUNS,
            say=lambda text, name=name: say(f"{name}: {text}"),  # type: ignore[misc]
        )
        what = f"pulumi {' '.join(words)}, against an empty program's"
        busy = {"processor": processor, "processor_ratio": processor_ratio(processor["ours"], processor["theirs"])}
        found.append(ratio(name, what, ours, theirs, target=TARGET, **busy))
    return found


def alternate(
    ours: Callable[[], object], theirs: Callable[[], object], *, runs: int, say: Say
) -> tuple[list[float], list[float]]:
    """Seconds of `runs` runs each, one after the other in turn; a first pair warms up and does not count."""
    series: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + 1):
        for kept, run in zip(series, (ours, theirs), strict=True):
            started = time.monotonic()
            run()
            if number:
                kept.append(time.monotonic() - started)
        if number:
            say(f"run {number} of {runs}: {series[0][-1]:.2f} s against {series[1][-1]:.2f} s")
    return series


def _check_unchanged(site: Site, state: Path) -> None:
    try:
        site.pulumi("preview", "--expect-no-changes", state=state)
    except ProcessError as error:
        raise StoreError(
            f"stack {site.stack}: expected nothing to do; run `make image` first, the mirror may have moved:\n{error}"
        ) from error


def _make_empty(site: Site, state: Path) -> Path:
    folder = site.folder("empty")
    (folder / "Pulumi.yaml").write_text(_EMPTY.format(virtualenv=site.root / ".venv"))
    (folder / "__main__.py").write_text('"""Nothing."""\n')
    site.pulumi("stack", "init", state=state, cwd=folder)
    return folder
