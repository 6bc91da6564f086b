"""Evidence: the index tells a person what an image is and what each file beside it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.evidence.index import Summary, describe, write_index

EXPECTED = """\
# debian-13-server-0123456789abcdef

accepted

|  |  |
|---|---|
| **recipe** | `debian-13-server` |
| **base** | `debian-13 0123` |

## Isolation

### before the build

- expected: none
- all probed

### acceptance

- expected: none

## Packages

| inventory | packages |
|---|---|
| before | 321 |
| after | 350 |

## Patches and added packages (1)

- openssl 3.5.1-1 → 3.5.1-1+deb13u1 (trixie-security) CVE-2026-1234

## Controls: build

| verdict | number | controls |
|---|---|---|
| passed | 2 | `ssh-crypto`, `umask` |

## Timings

| step | seconds | share |
|---|---|---|
| base | 30.0 | 25 % |
| build | 90.0 | 75 % |

## Files

### Verdict and why

| file | bytes | what it is |
|---|---|---|
| [acceptance/recipe/](acceptance/recipe/) | 2 | the recipe's own tests (1): output (.out), exit code (.exit) |

### Packages and patches

| file | bytes | what it is |
|---|---|---|
| [build/inventory-before.tsv](build/inventory-before.tsv) | 3 | packages before the build, by the guest's own dpkg |

### Controls

| file | bytes | what it is |
|---|---|---|
| [build/controls/](build/controls/) | 8 | controls (2): output (.out), exit code (.exit), milliseconds (.ms) |

### Inputs

| file | bytes | what it is |
|---|---|---|
| [recipe.toml](recipe.toml) | 1 | the recipe that the image was built from |

### Other files

| file | bytes | what it is |
|---|---|---|
| [odd](odd) | 0 |  |
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_the_index_tells_everything_in_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "recipe.toml": "a",
            "build/controls/ssh-crypto.out": "ok",
            "build/controls/ssh-crypto.exit": "0\n",
            "build/controls/build-isolation.exit": "0\n",
            "build/controls/build-isolation.ms": "9\n",
            "build/inventory-before.tsv": "a\t1",
            "acceptance/recipe/pages.sh.exit": "0\n",
            "odd": "",
        },
    )
    summary = Summary(
        title="debian-13-server-0123456789abcdef",
        outcome="accepted",
        facts={"recipe": "debian-13-server", "base": "debian-13 0123"},
        packages_before=321,
        packages_after=350,
        patches=["openssl 3.5.1-1 → 3.5.1-1+deb13u1 (trixie-security) CVE-2026-1234"],
        isolation={
            "before the build": ["expected: none", "all probed"],
            "after the build": [],
            "acceptance": ["expected: none"],
        },
        controls={"build": {"passed": ("ssh-crypto", "umask"), "failed": ()}},
        timings={"base": 30.0, "build": 90.0},
    )
    path = write_index(tmp_path, summary)
    assert path == tmp_path / "index.md"
    assert path.read_text() == EXPECTED


def test_writing_it_again_replaces_it_and_does_not_list_itself(tmp_path: Path) -> None:
    write_index(tmp_path, Summary(title="first"))
    write_index(tmp_path, Summary(title="second"))
    assert (tmp_path / "index.md").read_text() == "# second\n"


def test_a_failed_build_that_knows_nothing_still_has_an_index(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("panic")
    write_index(tmp_path, Summary(title="web", outcome="failed: the guest's kernel panicked"))
    text = (tmp_path / "index.md").read_text()
    assert "failed: the guest's kernel panicked" in text
    assert "[console.log](console.log) | 5 | everything that the machine printed on its serial console" in text


def test_what_comes_from_outside_cannot_break_the_page(tmp_path: Path) -> None:
    write_index(
        tmp_path,
        Summary(
            title="web\n# root",
            patches=["evil\n\n## Accepted | x"],
            facts={"reason": "a|b\nc"},
            isolation={"x": ["a\n# b"]},
        ),
    )
    text = (tmp_path / "index.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# web # root",
        "## Isolation",
        "### x",
        "## Patches and added packages (1)",
    ]
    assert "`a\\|b c`" in text


def test_thousands_of_files_are_cut_with_their_number(tmp_path: Path) -> None:
    for number in range(450):
        (tmp_path / f"{number:03}.log").write_text("")
    write_index(tmp_path, Summary(title="web"))
    assert (tmp_path / "index.md").read_text().endswith("and 50 more.\n")


@pytest.mark.parametrize(
    ("name", "topic", "meaning"),
    [
        ("error.txt", "Verdict and why", "why it failed"),
        ("build/stage", "Verdict and why", "the stage that the guest reached"),
        ("acceptance/recipe/", "Verdict and why", "the recipe's own tests ({}): "),
        ("patch-lock.json", "Packages and patches", "the patch lock: "),
        ("build/inventory-patched.tsv", "Packages and patches", "packages at another moment"),
        ("build/inventory-after.tsv", "Packages and patches", "packages after the build"),
        ("acceptance/controls/", "Controls", "controls ({}): "),
        ("acceptance/isolation.txt", "Isolation", "proof "),
        ("build-console.log", "Logs", "everything that the machine printed"),
        ("order.json", "Inputs", "all inputs "),
        ("unheard-of", "Other files", ""),
    ],
)
def test_files_are_listed_by_what_a_reader_looks_for(name: str, topic: str, meaning: str) -> None:
    found = describe(name)
    assert found[0] == topic
    assert found[1].startswith(meaning)
