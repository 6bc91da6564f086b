"""The command `judge`: have tools that are not ours judge an image of this machine."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Annotated

import typer

from hallmark.cli.options import Folder, Json, Name, Stack, print_json, say
from hallmark.cli.run import choose_for_image
from hallmark.cli.stacks import open_store, read_settings, require_local
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import RejectedError, SettingsError
from hallmark.config.recipe import Judge
from hallmark.drift.released import load_released
from hallmark.evidence.gather import add_judges
from hallmark.evidence.summarise import judge_summary
from hallmark.judges.tools import fetch_tools
from hallmark.order.places import find_places
from hallmark.verdict.scores import problems_of

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
    from hallmark.local.check import judge_disk

    if store_folder is None:
        require_local(stack, "judge", "let the recipe ask the judges; judging an AMI later is not there yet")
    catalogue, checkout = open_store(stack, store_folder), find_checkout()
    with catalogue.store.using(catalogue.choose(name).id) as image:
        order = load_released(image.evidence, checkout / "image_scripts").order
        asked = _choose(judges, order.judges)
        places = find_places(read_settings(stack), checkout)
        places.apt_root().update()
        tools = fetch_tools(asked, places.apt_root, places.cache, places.pool, checkout, say)
        assert tools is not None
        with catalogue.store.workdir(f"judge-{secrets.token_hex(4)}") as work:
            scores = judge_disk(
                image.disk,
                order,
                asked,
                tools,
                checkout / "image_scripts",
                choose_for_image(stack),
                work=work,
                say=say,
            )
            summaries = [judge_summary(score, None) for score in scores]
            add_judges(image.evidence, work / "results", summaries)
    if as_json:
        print_json([each.model_dump(mode="json") for each in summaries])
    else:
        print("\n".join(line for each in summaries for line in each.lines()))
    if problems := problems_of(scores):
        raise RejectedError("\n".join([f"{image.id}: judged, and below what its recipe asks for:", *problems]))


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
