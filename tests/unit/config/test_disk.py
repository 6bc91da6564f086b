"""The disk that a recipe asks for: what it comes to, and what is said of one that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hallmark.common.errors import RecipeError
from hallmark.config.disk import PLAIN, Disk, plain
from hallmark.config.recipe import load_recipe
from tests.support.examples import RECIPE, write_recipe

SEPARATE = ("/boot", "/home", "/opt", "/srv", "/var", "/var/log", "/var/log/audit", "/var/tmp")


def sizes(**disk: Any) -> dict[str, int]:
    return {part.mount_point: part.mib for part in Disk(**disk).laid_out().partitions}


def test_a_recipe_that_asks_for_no_disk_has_the_plain_one_of_before(tmp_path: Path) -> None:
    layout = load_recipe(write_recipe(tmp_path)).disk.laid_out()
    assert layout == PLAIN
    assert (layout.size_mib, sizes(), layout.mount_points, layout.grows) == (4096, {"/": 4030}, (), "/")
    assert layout.base_name == "base"


def test_a_plain_disk_may_have_another_size() -> None:
    assert Disk(size_gib=10).laid_out() == plain(10240)


def test_separate_has_a_partition_for_each_place_and_the_last_grows() -> None:
    layout = Disk(layout="separate").laid_out()
    assert layout.mount_points == SEPARATE
    assert layout.grows == layout.partitions[-1].mount_point == "/var"
    assert sum(part.mib for part in layout.partitions) + 66 == layout.size_mib == 8192
    assert [part.label for part in layout.partitions][:3] == ["boot", "root", "home"]


@pytest.mark.parametrize("grow", ["/", *SEPARATE])
def test_any_partition_may_grow_and_has_what_the_others_leave(grow: str) -> None:
    layout = Disk(layout="separate", size_gib=20, grow=grow).laid_out()  # type: ignore[arg-type]
    assert layout.partitions[-1].mount_point == layout.grows == grow
    assert sum(part.mib for part in layout.partitions) + 66 == 20480
    assert sorted(part.mount_point for part in layout.partitions) == ["/", *SEPARATE]


def test_sizes_are_taken_from_the_table() -> None:
    usual, asked = sizes(layout="separate"), sizes(layout="separate", sizes_mib={"/home": 1024, "/": 3000})
    assert (asked["/home"], asked["/"]) == (1024, 3000)
    assert asked["/var"] == usual["/var"] - (1024 - usual["/home"]) - (3000 - usual["/"])


def test_each_layout_has_a_base_of_its_own_name() -> None:
    names = [Disk(**disk).laid_out().base_name for disk in ({}, {"size_gib": 5}, {"layout": "separate"})]
    assert len(set(names)) == 3
    assert names[0] == "base"


@pytest.mark.parametrize(
    ("disk", "said"),
    [
        (
            "size_gib = 2",
            "disk.size_gib: expected greater than or equal to 3, got 2",
        ),
        (
            'layout = "lvm"',
            "disk.layout: expected 'plain' or 'separate', got \"lvm\"",
        ),
        (
            'grow = "/var"',
            (
                'disk: expected layout = "separate" for sizes_mib or grow: a plain disk has one file system, '
                "got {'grow': '/var'}"
            ),
        ),
        (
            'layout = "separate"\nsizes_mib = { "/var/log" = 100 }',
            "disk.sizes_mib: \"/var/log\": expected at least 256, got {'/var/log': 100}",
        ),
        (
            'layout = "separate"\nsizes_mib = { "/var" = 4000 }',
            (
                'disk: sizes_mib: expected no "/var": it grows, and has what the others leave, '
                "got {'layout': 'separate', 'sizes_mib': {'/var': 4000}}"
            ),
        ),
        (
            'layout = "separate"\nsize_gib = 5',
            (
                "disk: size_gib: expected at least 6, or smaller sizes_mib: the other partitions leave /var 0 MiB, "
                "and it needs 512, got {'layout': 'separate', 'size_gib': 5}"
            ),
        ),
    ],
)
def test_a_disk_that_cannot_be_is_told_before_anything_is_made(tmp_path: Path, disk: str, said: str) -> None:
    path = write_recipe(tmp_path, f"{RECIPE}\n[disk]\n{disk}\n")
    with pytest.raises(RecipeError) as refused:
        load_recipe(path)
    assert str(refused.value) == f"{path}: {said}"


def test_a_place_that_has_no_partition_is_told(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, f'{RECIPE}\n[disk]\nlayout = "separate"\nsizes_mib = {{ "/usr" = 4000 }}\n')
    with pytest.raises(RecipeError, match=r"disk\.sizes_mib\./usr.*: expected '/', '/boot', "):
        load_recipe(path)
