"""Evidence: the index tells a person what an image is, and what the files beside it are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.evidence.index import describe, write_index
from hallmark.evidence.summary import Gap, Purpose, Summary, load_summary
from tests.support.summaries import WHOLE

EXPECTED = """\
# web 0123456789abcdef

accepted

|  |  |
|---|---|
| **title** | Web server |
| **purpose** | serves pages |
| **profile** | server |
| **administrators** | ada |
| **listens on** | 22/tcp |
| **image** | `web-0123456789abcdef` |
| **recipe** | `web` |
| **disk, SHA-256** | `dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd` |
| **disk, bytes** | `220200960` |
| **fingerprint** | `0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef` |
| **acceptance** | `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` |
| **base** | `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` |
| **patch lock** | `cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc` |

## Findings

`wireless`: build: not applicable; acceptance, second boot: not applicable

- the kernel has no driver for it

`ipv6`: build: waived; acceptance, second boot: waived

- FAIL eth0 has an address

## Waivers and mitigations

| what | reason | last day |
|---|---|---|
| control `ipv6` | old | 2026-12-31 |
| CVE-2026-1234 in openssl, by the control `ssh-crypto` | no patch yet | 2026-12-24 |

## Not covered

| requirement | what it asks for | why |
|---|---|---|
| T2 | independent tools judge it | none does yet |

## How it was made

|  | build | acceptance |
|---|---|---|
| ended | 2026-11-28T09:05:00Z | 2026-11-28T09:15:00Z |
| Hallmark | 0.1.0 | 0.1.0 |
| commit | eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee, with files changed since | not known |
| platform | local | local |
| kernel | Linux 6.1.0 | Linux 6.1.0 |
| QEMU | QEMU emulator version 10.0 | QEMU emulator version 10.0 |
| accelerator | kvm | kvm |

## Controls (3)

| control | title | requirements | severity | build | acceptance, second boot |
|---|---|---|---|---|---|
| `ssh-crypto` | Sees to ssh-crypto | A1, A5 | high | passed | passed |
| `wireless` | Sees to wireless | A1, A5 | high | not applicable | not applicable |
| `ipv6` | Sees to ipv6 | A1, A5 | high | waived | waived |

## Parameters in effect

- `ssh-crypto`: ciphers = `aes256-gcm`; port: empty; `kernel.dmesg_restrict` `1`
- `wireless`: ciphers = `aes256-gcm`; port: empty
- `ipv6`: ciphers = `aes256-gcm`; port: empty

## CVEs closed (2)

| CVE | packages |
|---|---|
| CVE-2026-0001 | openssl |
| CVE-2026-0002 | openssl, libssl3 |

## Patches and added packages (1)

| package | before | now | suite | for the controls | CVEs |
|---|---|---|---|---|---|
| openssl | 3.5.1-1 | 3.5.1-1+deb13u1 | trixie-security | ssh-crypto | 2 |

## Removed packages (1)

| package | version | why |
|---|---|---|
| netcat | 1.2-3 | removed by the control ssh-crypto |

## Packages (1)

The base had 321.

| package | version | architecture | from |
|---|---|---|---|
| openssl | 3.5.1-1+deb13u1 | amd64 | patched |

## Isolation

### before the build

- expected: none
- all probed

## Timings

| step | seconds | share |
|---|---|---|
| build: patch | 30.0 | 25 % |
| build: check | 90.0 | 75 % |

## Files

### Verdict and why

| file | bytes | what it is |
|---|---|---|
| [summary.json](summary.json) | SIZE | all that this page says, for programs; docs/evidence.md describes it |
| [acceptance/facts/](acceptance/facts/) | 9 | what the booted candidate said of itself |
| [acceptance/recipe/](acceptance/recipe/) | 2 | the recipe's own tests (1): output (.out), exit code (.exit) |

### Packages and patches

| file | bytes | what it is |
|---|---|---|
| [build/inventory-before.tsv](build/inventory-before.tsv) | 3 | packages before the build, by the guest's own dpkg |

### Controls

| file | bytes | what it is |
|---|---|---|
| [build/apply/](build/apply/) | 4 | what the controls (1) did: output (.out), exit code (.exit), time (.ms) |
| [build/controls/](build/controls/) | 8 | what the controls (2) found: output (.out), exit code (.exit), time (.ms) |

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
            "build/apply/ssh-crypto.out": "done",
            "build/controls/ssh-crypto.out": "ok",
            "build/controls/ssh-crypto.exit": "0\n",
            "build/controls/build-isolation.exit": "0\n",
            "build/controls/build-isolation.ms": "9\n",
            "build/inventory-before.tsv": "a\t1",
            "acceptance/recipe/pages.sh.exit": "0\n",
            "acceptance/facts/kernel": "6.12\n",
            "acceptance/facts/host-keys": "two\n",
            "odd": "",
        },
    )
    path = write_index(tmp_path, WHOLE)
    assert path == tmp_path / "index.md"
    size = (tmp_path / "summary.json").stat().st_size
    assert path.read_text() == EXPECTED.replace("SIZE", str(size))
    assert load_summary(tmp_path) == WHOLE


def test_writing_it_again_replaces_it_and_does_not_list_itself(tmp_path: Path) -> None:
    write_index(tmp_path, Summary(title="first", outcome="taken"))
    write_index(tmp_path, Summary(title="second", outcome="taken"))
    text = (tmp_path / "index.md").read_text()
    assert text.startswith("# second\n\ntaken\n\n## Files\n")
    assert "index.md" not in text


def test_a_failed_build_that_knows_nothing_still_has_an_index(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("panic")
    write_index(tmp_path, Summary(title="web", outcome="failed", problems=("the guest's kernel panicked", "twice")))
    text = (tmp_path / "index.md").read_text()
    assert "failed: the guest's kernel panicked; twice" in text
    assert "[console.log](console.log) | 5 | everything that the machine printed on its serial console" in text


def test_where_every_control_passed_that_is_said(tmp_path: Path) -> None:
    only = WHOLE.model_copy(update={"controls": WHOLE.controls[:1], "mitigations": ()})
    text = write_index(tmp_path, only).read_text()
    assert "## Findings\n\nnone: every control passed wherever it was looked at\n" in text
    assert "## Waivers and mitigations\n\nnone\n" in text


def test_what_comes_from_outside_cannot_break_the_page(tmp_path: Path) -> None:
    hostile = Purpose(title="a|b\nc", purpose="p", profile="server", administrators=(), listen=())
    write_index(
        tmp_path,
        Summary(
            title="web\n# root",
            outcome="rejected",
            problems=("evil\n\n## Accepted",),
            purpose=hostile,
            not_covered=(Gap(requirement="T2", title="t", why="x\n\n## Covered | y"),),
            isolation={"x": ("a\n# b",)},
        ),
    )
    text = (tmp_path / "index.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# web # root",
        "## Not covered",
        "## Isolation",
        "### x",
        "## Files",
        "### Verdict and why",
    ]
    assert "| a\\|b c |" in text
    assert "x ## Covered \\| y |" in text


def test_thousands_of_files_are_cut_with_their_number(tmp_path: Path) -> None:
    for number in range(450):
        (tmp_path / f"{number:03}.log").write_text("")
    write_index(tmp_path, Summary(title="web", outcome="taken"))
    assert (tmp_path / "index.md").read_text().endswith("and 50 more.\n")


@pytest.mark.parametrize(
    ("name", "topic", "meaning"),
    [
        ("error.txt", "Verdict and why", "why it failed"),
        ("summary.json", "Verdict and why", "all that this page says"),
        ("build/stage", "Verdict and why", "the stage that the guest reached"),
        ("acceptance/recipe/", "Verdict and why", "the recipe's own tests ({}): "),
        ("patch-lock.json", "Packages and patches", "the patch lock: "),
        ("build/inventory-patched.tsv", "Packages and patches", "packages at another moment"),
        ("build/inventory-after.tsv", "Packages and patches", "packages after the build"),
        ("build/apply/", "Controls", "what the controls ({}) did"),
        ("acceptance/controls/", "Controls", "what the controls ({}) found"),
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
