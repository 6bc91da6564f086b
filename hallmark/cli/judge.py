"""The command `judge`: have tools that are not ours judge an image, of this machine or of an account."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hallmark.cli.options import Folder, Json, Name, Stack, print_json, say
from hallmark.cli.run import choose_for_image
from hallmark.cli.stacks import is_on_aws, open_account, open_catalogue, open_store, read_settings
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import RejectedError, SettingsError
from hallmark.config.recipe import Judge
from hallmark.drift.released import released_order
from hallmark.engine.engine import Engine
from hallmark.evidence.gather import add_judges
from hallmark.evidence.summarise import judge_summary
from hallmark.guest.task import RESULTS
from hallmark.judges.tools import fetch_tools
from hallmark.order.places import Places, find_places
from hallmark.pipeline.judge import judge_image
from hallmark.store.store import Store
from hallmark.verdict.scores import problems_of

if TYPE_CHECKING:
    from hallmark.pipeline.machines import Machines

ALL = (
    Judge(name="lynis", least_score=0),
    Judge(name="openscap", profile="anssi_bp28_enhanced", least_score=0),
    Judge(name="openscap", profile="cis_level1_server", least_score=0),
    Judge(name="openscap", profile="cis_level2_server", least_score=0),
    Judge(name="ssh-audit", least_score=0),
)
"""Every judge that there is; it is asked for nothing but a report."""


def judge(
    name: Name,
    judges: Annotated[
        list[str] | None,
        typer.Option("--judge", help=f"One of {', '.join(each.label for each in ALL)}; default: all. May be repeated."),
    ] = None,
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Have tools that are not ours judge an image, and add what they say to its evidence; its state stays as it is.

    It boots as in acceptance. Exit code 6: a score is below what the image's recipe asks for.
    """
    root = find_checkout()
    places = find_places(read_settings(stack), root)
    on_aws = store_folder is None and is_on_aws(stack)
    with _in_account(stack, name, places) if on_aws else _on_this_machine(stack, store_folder, name, places) as subject:
        order = released_order(subject.evidence)
        asked = _choose(judges, order.judges)
        places.apt_root().update()
        tools = fetch_tools(asked, places.apt_root, places.cache, places.pool, root, say)
        assert tools is not None
        scores = judge_image(
            order,
            subject.boots,
            asked,
            tools,
            root / "image_scripts",
            subject.machines,
            work=subject.work,
            say=say,
        )
        summaries = [judge_summary(score, None) for score in scores]
        add_judges(subject.evidence, subject.work / RESULTS, summaries)
    if as_json:
        print_json([each.model_dump(mode="json") for each in summaries])
    else:
        print("\n".join(line for each in summaries for line in each.lines()))
    if problems := problems_of(scores):
        raise RejectedError("\n".join([f"{subject.label}: judged, and below what its recipe asks for:", *problems]))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subject:
    """An image, held: what people know it by, what a machine boots, its evidence to add to, and where to work."""

    label: str
    boots: str
    evidence: Path
    machines: Machines
    work: Path


@contextmanager
def _on_this_machine(stack: str, folder: Path | None, name: str, places: Places) -> Iterator[_Subject]:
    from hallmark.local.machines import LocalMachines

    catalogue = open_store(stack, folder)
    with catalogue.store.using(catalogue.choose(name).id) as image, catalogue.store.workdir(_work_name()) as work:
        machines = LocalMachines(None, places, choose_for_image(stack))
        yield _Subject(label=image.id, boots=str(image.disk), evidence=image.evidence, machines=machines, work=work)


@contextmanager
def _in_account(stack: str, name: str, places: Places) -> Iterator[_Subject]:
    from hallmark.aws.judge import ami_to_judge

    root, settings = find_checkout(), read_settings(stack)
    ami = str(open_catalogue(stack).show(name)["ami"])
    environment = Engine(root, os.environ).environment()
    with (
        Store(places.store).workdir(_work_name()) as work,
        ami_to_judge(
            open_account(stack), ami, stack, settings, places, root, work=work, environment=environment
        ) as found,
    ):
        yield _Subject(label=ami, boots=ami, evidence=found.evidence, machines=found.machines, work=work)


def _work_name() -> str:
    return f"judge-{secrets.token_hex(4)}"


def _choose(labels: Sequence[str] | None, recipes: Sequence[Judge]) -> tuple[Judge, ...]:
    """The judges of these names, by default all, as the recipe asks for them. SettingsError for another name."""
    known = {each.label: each for each in (*ALL, *recipes)}
    chosen: dict[str, Judge] = {}
    for label in labels or known:
        found = {each.label: each for each in known.values() if label in (each.label, each.name)}
        if not found:
            raise SettingsError(f"--judge {label}: expected one of {', '.join(known)}, or openscap for all of its own")
        chosen |= found
    return tuple(chosen.values())
