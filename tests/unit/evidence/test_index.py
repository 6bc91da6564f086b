"""Evidence: the index tells a person what an image is and what each file beside it holds."""

from __future__ import annotations

from pathlib import Path

from hallmark.evidence.index import Summary, describe, write_index

EXPECTED = """\
# debian-13-server-0123456789abcdef

accepted

|  |  |
|---|---|
| **recipe** | `debian-13-server` |
| **base** | `debian-13 0123` |

## Isolation

- no network interface but lo

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

| file | bytes | what it is |
|---|---|---|
| [build/controls/ssh-crypto.out](build/controls/ssh-crypto.out) | 2 | what one control or script printed |
| [odd](odd) | 0 |  |
| [recipe.toml](recipe.toml) | 1 | the recipe that the image was built from |
"""


def test_the_index_tells_everything_in_order(tmp_path: Path) -> None:
    (tmp_path / "build" / "controls").mkdir(parents=True)
    (tmp_path / "recipe.toml").write_text("a")
    (tmp_path / "build" / "controls" / "ssh-crypto.out").write_text("ok")
    (tmp_path / "odd").write_text("")
    summary = Summary(
        title="debian-13-server-0123456789abcdef",
        outcome="accepted",
        facts={"recipe": "debian-13-server", "base": "debian-13 0123"},
        packages_before=321,
        packages_after=350,
        patches=["openssl 3.5.1-1 → 3.5.1-1+deb13u1 (trixie-security) CVE-2026-1234"],
        isolation=["no network interface but lo"],
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
    write_index(tmp_path, Summary(title="web\n# root", patches=["evil\n\n## Accepted | x"], facts={"reason": "a|b\nc"}))
    text = (tmp_path / "index.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# web # root",
        "## Patches and added packages (1)",
    ]
    assert "`a\\|b c`" in text


def test_thousands_of_files_are_cut_with_their_number(tmp_path: Path) -> None:
    for number in range(450):
        (tmp_path / f"{number:03}.out").write_text("")
    write_index(tmp_path, Summary(title="web"))
    assert (tmp_path / "index.md").read_text().endswith("and 50 more.\n")


def test_files_are_described_by_their_names() -> None:
    assert describe("build/console.log").startswith("everything that the machine printed")
    assert describe("lock.json").startswith("the patch lock")
    assert describe("acceptance/isolation.txt").startswith("proof")
    assert describe("unheard-of") == ""
