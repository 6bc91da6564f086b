"""One version of each thing, however many files name it; and locks that name content, not places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def find(pattern: str, name: str) -> str:
    found = re.search(pattern, (CHECKOUT / name).read_text(), re.MULTILINE)
    assert found is not None, f"{name}: expected {pattern}"
    return found[1]


def test_cli_sdk_and_set_up_name_the_same_pulumi() -> None:
    built = find(r"^require github\.com/pulumi/pulumi/pkg/v3 v(\S+)$", "tools/pulumi/go.mod")
    assert built == find(r"^\s*github\.com/pulumi/pulumi/sdk/v3 v(\S+)", "tools/pulumi/go.mod")
    assert built == find(r"^VERSION=(\S+)", "tools/setup/tools.sh")
    assert built == find(r"^pulumi==(\S+)", "requirements.in")
    assert built == find(r"^pulumi==(\S+)", "requirements.txt")


def test_the_language_host_is_the_one_that_set_up_names() -> None:
    built = find(r"^\s*github\.com/pulumi/pulumi/sdk/v3 v(\S+)", "tools/language-host/go.mod")
    assert built == find(r"^HOST_VERSION=(\S+)", "tools/setup/tools.sh")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_locked_requirements_have_hashes_and_no_addresses(name: str) -> None:
    lines = (CHECKOUT / name).read_text().splitlines()
    pinned = [line for line in lines if line[:1].isalnum()]
    assert pinned
    assert all(re.match(r"[a-z0-9._-]+==\S+ .*\\$", line) for line in pinned)
    assert not [line for line in lines if "://" in line or line.startswith("--index")]


def test_what_both_locks_name_has_one_version() -> None:
    versions = [
        dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (CHECKOUT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    ]
    both = versions[0].keys() & versions[1].keys()
    assert {name: versions[0][name] for name in both} == {name: versions[1][name] for name in both}


def test_what_the_code_asks_for_by_package_is_what_set_up_installs() -> None:
    asked = {
        name
        for path in (CHECKOUT / "hallmark").glob("*.py")
        for name in re.findall(r'package="([a-z0-9.+-]+)"', path.read_text())
    }
    script = (CHECKOUT / "tools/setup/packages.sh").read_text()
    wanted = re.findall(r"^([a-z0-9.+-]+) \S+ (?:stable|backports)$", script, re.MULTILINE)
    assert asked <= set(wanted)
