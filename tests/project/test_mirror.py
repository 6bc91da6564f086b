"""The tests mirror the rooms: whoever reads a module finds its tests by its name, and the other way round.

`hallmark/ROOM/x.py` has its tests in `tests/unit/ROOM/test_x.py` or `tests/integration/ROOM/test_x.py`. The tests of
`components/`, `tools/` and `image_scripts/` stand below a folder of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.small_disk import CHECKOUT

ELSEWHERE = {
    "components/aws/golden_ami.py": "one component around one resource; tests/unit/components/aws/test_platform.py "
    "sees it in the tree that the program declares",
    "components/step.py": "types of the seam; the tests of golden_image.py and of both platforms go through them",
    "hallmark/__main__.py": "one call; tests/unit/cli/test_app.py starts the command line by it",
    "hallmark/common/errors.py": "classes and their exit codes; tests/unit/cli/test_app.py holds the help to them",
    "hallmark/pipeline/image_store.py": "protocols; the image_store.py of each platform has tests",
    "hallmark/pipeline/machines.py": "a protocol and its values; the machines.py of each platform has tests",
    "hallmark/pipeline/step.py": "the types of a step; tests/unit/local/test_steps.py carries them out",
}
"""Modules without a test file of their name → where they are tested, and why there."""

ALONE: dict[str, str] = {}
"""Test files below tests/unit that mirror no module → why they stand there."""

ROOTS = ("hallmark", "components", "tools", "image_scripts")
ROOM_OF = {"apt": "debian", "guest": "image_scripts", "machine": "local"}
"""Folders of tests/integration whose name is not their room's → the room."""


def modules_in(root: Path) -> dict[Path, str]:
    """The path of the test file that each module asks for, below tests/unit or tests/integration → the module."""
    found = {}
    for top in ROOTS:
        for path in sorted((root / top).rglob("*.*")):
            place = path.relative_to(root / top if top == "hallmark" else root)
            if path.suffix in (".py", ".sh") and path.name != "__init__.py" and "tests" not in place.parts:
                found[place.with_name(f"test_{path.stem.strip('_')}.py")] = str(path.relative_to(root))
    return found


def files_in(root: Path, kind: str) -> dict[Path, str]:
    """The test files of one kind: their paths below it, by the rooms' names → the file."""
    found = {}
    for path in sorted((root / "tests" / kind).rglob("test_*.py")):
        folder, *rest = path.relative_to(root / "tests" / kind).parts
        place = Path(ROOM_OF.get(folder, folder) if kind == "integration" else folder, *rest)
        found[place] = str(path.relative_to(root))
    return found


def find_problems(root: Path, elsewhere: Mapping[str, str], alone: Mapping[str, str]) -> list[str]:
    """What does not mirror, a line each."""
    modules, unit = modules_in(root), files_in(root, "unit")
    tested = {modules[place] for place in unit.keys() | files_in(root, "integration").keys() if place in modules}
    ours = {one for one in modules.values() if one.startswith(("hallmark/", "components/")) and one.endswith(".py")}
    strangers = {path for place, path in unit.items() if place not in modules}
    return [
        *(f"{module}: expected a test file of its name" for module in sorted(ours - tested - elsewhere.keys())),
        *(f"{module}: listed as tested elsewhere, but has a test file" for module in sorted(tested & elsewhere.keys())),
        *(f"{module}: listed, but there is no such module" for module in sorted(elsewhere.keys() - ours)),
        *(f"{path}: expected a module of its name" for path in sorted(strangers - alone.keys())),
        *(f"{path}: listed, but it mirrors a module or is gone" for path in sorted(alone.keys() - strangers)),
    ]


def test_every_module_has_its_test_file_and_every_unit_test_file_its_module() -> None:
    assert find_problems(CHECKOUT, ELSEWHERE, ALONE) == []


def test_the_lists_of_exceptions_stay_short_and_say_why() -> None:
    assert len(ELSEWHERE) <= 15
    assert len(ALONE) <= 5
    assert all({**ELSEWHERE, **ALONE}.values())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree in which all is well."""
    for name in (
        "hallmark/__init__.py",
        "hallmark/debian/apt.py",
        "hallmark/base/base_files/customize.sh",
        "components/aws/inner/network.py",
        "tests/integration/apt/test_apt.py",
        "tests/unit/components/aws/inner/test_network.py",
    ):
        touch(tmp_path, name)
    return tmp_path


def touch(root: Path, name: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).touch()


def test_a_tree_that_mirrors_has_no_problems(tree: Path) -> None:
    assert find_problems(tree, {}, {}) == []


@pytest.mark.parametrize(
    ("made", "elsewhere", "alone", "problem"),
    [
        ("hallmark/base/disk.py", {}, {}, "hallmark/base/disk.py: expected a test file of its name"),
        ("components/program.py", {}, {}, "components/program.py: expected a test file of its name"),
        ("tests/unit/base/test_disk.py", {}, {}, "tests/unit/base/test_disk.py: expected a module of its name"),
        (
            "tests/unit/debian/test_apt.py",
            {"hallmark/debian/apt.py": "only types"},
            {},
            "hallmark/debian/apt.py: listed as tested elsewhere, but has a test file",
        ),
        ("README", {"hallmark/gone.py": "only types"}, {}, "hallmark/gone.py: listed, but there is no such module"),
        (
            "tests/unit/debian/test_apt.py",
            {},
            {"tests/unit/debian/test_apt.py": "all of apt"},
            "tests/unit/debian/test_apt.py: listed, but it mirrors a module or is gone",
        ),
    ],
)
def test_what_does_not_mirror_is_told(
    tree: Path, made: str, elsewhere: dict[str, str], alone: dict[str, str], problem: str
) -> None:
    touch(tree, made)
    assert find_problems(tree, elsewhere, alone) == [problem]


def test_an_integration_test_of_another_room_is_no_modules_own(tree: Path) -> None:
    touch(tree, "hallmark/guest/results.py")
    touch(tree, "tests/integration/guest/test_results.py")
    assert find_problems(tree, {}, {}) == ["hallmark/guest/results.py: expected a test file of its name"]


def test_what_is_listed_is_no_problem(tree: Path) -> None:
    touch(tree, "hallmark/local/types.py")
    touch(tree, "tests/unit/local/test_whole.py")
    listed = {"hallmark/local/types.py": "only types"}
    assert find_problems(tree, listed, {"tests/unit/local/test_whole.py": "the room as a whole"}) == []
