"""A stack on AWS, in a doubled account: how its calls grow with the recipes, and what an unchanged `up` costs.

The engine, the program and the providers' calls are the real ones; account, plugins and guests are the doubles of
tests/doubles, so only numbers of calls and what happens on this host mean anything. The double of the plugin
pulumi-resource-aws is in Python, and starts more slowly than the real one.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.measurement import Measurement, ratio
from bench.site import Say, Site
from bench.unchanged import alternate
from hallmark.common.cache import user_cache
from hallmark.common.errors import ProcessError
from tests.doubles.moto_ec2 import Rules
from tests.doubles.quick_guest import QuickGuest
from tests.doubles.quick_machines import QuickMachines
from tests.doubles.server import Server, running
from tests.e2e.checkout import Checkout, scratch
from tests.support.aws.checkout import STACK, use_account
from tests.support.aws.doubled import image

RUNS = 5
UNCHANGED, LINEAR = 2.0, 1.0
RECIPES = ("tiny", "second", "third")
_STATUS = "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 13.8\n"
# How often these are called depends on the clock: they look how far something is.
_POLLS = frozenset({"DescribeInstances", "GetConsoleOutput", "DescribeSnapshots", "DescribeVolumes"})
# The least that starts the same plugin.
_ONE_PARAMETER = """\
import pulumi_aws

pulumi_aws.ssm.Parameter("one", name="/bench/one", type="String", value="1")
"""


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """One stack from one recipe to three; then the unchanged run, in turn with that of a program of one parameter."""
    with _stack(site) as (checkout, server):
        found = [_calls(checkout, server, say)]
        found.append(_unchanged(site, checkout, runs or RUNS, say))
    return found


@contextmanager
def _stack(site: Site) -> Iterator[tuple[Checkout, Server]]:
    folder = site.folder("aws")
    with scratch(folder / "checkout", folder / "cache" / "hallmark", user_cache(os.environ)) as checkout:
        guest = QuickGuest(cache=checkout.cache, status=_STATUS, scratch=site.folder("guests"))
        with running(Rules(machines=QuickMachines(writes=guest), vpc_quota=20)) as server:
            use_account(checkout, server, image(server.client("ec2"), BootMode="uefi"), recipes=[])
            yield checkout, server


def _calls(checkout: Checkout, server: Server, say: Say) -> Measurement:
    """Calls of a build from nothing with one recipe, then with three: each may cost no more than the first did."""
    counts: list[Counter[str]] = []
    for number in (1, 3):
        for name in RECIPES[:number]:
            checkout.recipe(name, extra=f'[hardening.parameters.marker]\nword = "{number}"\n')
        checkout.configure(recipes=list(RECIPES[:number]))
        before = len(server.calls)
        _up(checkout)
        made = server.calls[before:]
        counts.append(Counter(f"{call.service}:{call.action}" for call in made))
        say(f"{number} recipe(s): {sum(counts[-1].values())} calls")
    one, three = (_without_polls(count) for count in counts)
    return Measurement(
        name="aws calls",
        what="calls of a build of three recipes, against three times those of a first one; polls left out",
        value=round(sum(three.values()) / (3 * sum(one.values())), 3),
        unit="x",
        target=LINEAR,
        details={
            "one": dict(sorted(counts[0].items())),
            "three": dict(sorted(counts[1].items())),
            "totals": [sum(count.values()) for count in counts],
            "by service": [dict(_by_service(count)) for count in counts],
        },
    )


def _unchanged(site: Site, checkout: Checkout, runs: int, say: Say) -> Measurement:
    """`pulumi up` with nothing to do, against that of a program of one parameter."""
    small = site.folder("one-parameter")
    (small / "Pulumi.yaml").write_text("name: one-parameter\nruntime: {name: python}\n")
    (small / "__main__.py").write_text(_ONE_PARAMETER)
    words = ("up", "--yes", "--skip-preview", "--stack", STACK)
    _pulumi(checkout, small, "stack", "init", STACK)
    _pulumi(checkout, small, *words)
    ours, theirs = alternate(
        lambda: _pulumi(checkout, checkout.root, *words),
        lambda: _pulumi(checkout, small, *words),
        runs=runs,
        say=lambda text: say(f"unchanged up on AWS: {text}"),
    )
    what = "pulumi up of an unchanged stack on AWS, against a program's of one aws.ssm.Parameter"
    return ratio("unchanged up on AWS", what, ours, theirs, target=UNCHANGED)


def _up(checkout: Checkout) -> None:
    done = checkout.up()
    if done.code != 0:
        raise ProcessError(f"hallmark up {STACK}: exit code {done.code}\n{done.text[-3000:]}")


def _pulumi(checkout: Checkout, folder: Path, *words: str) -> None:
    program = (checkout.root / ".hallmark/tools").resolve() / "pulumi"
    done = subprocess.run(
        [program, *words, "--non-interactive"],
        cwd=folder,
        env=checkout.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise ProcessError(f"pulumi {' '.join(words)}: exit code {done.returncode}\n{done.stdout[-3000:]}")


def _without_polls(count: Counter[str]) -> Counter[str]:
    return Counter({name: times for name, times in count.items() if name.partition(":")[2] not in _POLLS})


def _by_service(count: Counter[str]) -> Sequence[tuple[str, int]]:
    services: Counter[str] = Counter()
    for name, times in count.items():
        services[name.partition(":")[0]] += times
    return sorted(services.items())
