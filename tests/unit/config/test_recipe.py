"""The recipe's one entrance: what it takes, and what it says of what it does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hallmark.common.errors import RecipeError
from hallmark.config.recipe import Recipe, load_recipe
from tests.support.examples import RECIPE, replace, write_recipe

CHECKOUT = Path(__file__).parents[3]
WAIVER = '\n[[hardening.waivers]]\ncontrol = "alpha"\nreason = "for now"\nexpires = 2026-12-31\n'
MITIGATION = """
[[mitigation]]
cve = "CVE-2026-12345"
package = "nginx"
reason = "the module is off"
expires = 2026-12-31
control = "gamma"
"""
PORTS = "expected PORT/tcp or PORT/udp, or on loopback 127.0.0.1:PORT/tcp or [::1]:PORT/tcp"


def refusal(path: Path) -> str:
    with pytest.raises(RecipeError) as refused:
        load_recipe(path)
    return str(refused.value)


@pytest.mark.parametrize("path", sorted((CHECKOUT / "recipes").glob("*.toml")), ids=lambda p: p.stem)
def test_the_recipes_of_this_checkout_are_good(path: Path) -> None:
    assert load_recipe(path).name == path.stem


def test_a_recipe_is_read_whole(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, RECIPE + WAIVER + MITIGATION)
    recipe = load_recipe(path)
    assert (recipe.name, recipe.packages, recipe.listen) == ("web", ("nginx",), ("22/tcp",))
    assert (recipe.os, recipe.architecture, recipe.deadline_minutes) == ("debian-13", "amd64", 40)
    assert (recipe.machine.memory_mib, recipe.machine.cpus) == (1024, 2)
    assert recipe.hardening.waivers[0].expires == date(2026, 12, 31)
    assert (recipe.mitigation[0].cve, recipe.mitigation[0].control) == ("CVE-2026-12345", "gamma")
    assert recipe.acceptance_scripts() == {"pages.sh": tmp_path / "recipes" / "acceptance" / "pages.sh"}
    assert recipe.path == path


def test_a_recipe_cannot_be_changed(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    with pytest.raises(ValidationError, match="frozen"):
        recipe.name = "other"


def test_its_facts_are_what_controls_may_take_over(tmp_path: Path) -> None:
    assert load_recipe(write_recipe(tmp_path)).facts == {
        "name": "web",
        "title": "A web server",
        "purpose": "serves pages",
        "packages": ("nginx",),
        "listen": ("22/tcp",),
        "listen_network": ("22/tcp",),
        "listen_local": (),
        "administrators": ("jdoe",),
        "setid_files": (),
        "partitions": (),
    }


def test_a_missing_recipe_says_where_to_look(tmp_path: Path) -> None:
    path = tmp_path / "web.toml"
    assert refusal(path) == f"{path}: no such recipe; `ls {tmp_path}` shows what there is"


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith(f"{tmp_path}: expected a readable UTF-8 file: ")


def test_other_bytes_than_utf8_are_no_recipe(tmp_path: Path) -> None:
    path = tmp_path / "web.toml"
    path.write_bytes(b'name = "\xff"')
    assert refusal(path).startswith(f"{path}: expected a readable UTF-8 file: 'utf-8' codec can't decode byte 0xff")


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, 'name = "web"\ntitle = web\n')
    assert refusal(path) == f"{path}: expected TOML: Invalid value (at line 2, column 9)"


def test_the_name_is_that_of_the_file(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, name="mail")
    assert refusal(path) == f'{path}: name: expected "mail", the name of its file, got "web"'


def test_a_missing_acceptance_script_is_named(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    script = tmp_path / "recipes" / "acceptance" / "pages.sh"
    script.unlink()
    assert refusal(path) == f'{path}: acceptance.scripts[0]: expected a shell script, no file "{script}"'


def test_two_acceptance_scripts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    (tmp_path / "recipes" / "pages.sh").write_text("exit 0\n")
    replace(path, '["acceptance/pages.sh"]', '["acceptance/pages.sh", "pages.sh"]')
    assert refusal(path) == f'{path}: acceptance.scripts[1]: a second script named "pages.sh"'


def test_a_recipe_cannot_name_the_file_that_it_comes_from(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, f'path = "/etc/passwd"\n{RECIPE}')
    assert refusal(path) == f"{path}: path: unknown key; remove it or mend its name"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('purpose = "serves pages"\n', "", "purpose: expected a value, got none; add it"),
        ('profile = "server"', "", "hardening.profile: expected a value, got none; add it"),
        ("packages = ", "package = ", "package: unknown key; remove it or mend its name"),
        (
            'profile = "server"',
            'profile = "server"\nextra = 1',
            "hardening.extra: unknown key; remove it or mend its name",
        ),
        (
            'name = "web"',
            'name = "Web"',
            'name: expected lower-case letters, digits and hyphens, at most 48, got "Web"',
        ),
        (
            'name = "web"',
            f'name = "{"w" * 49}"',
            f'name: expected lower-case letters, digits and hyphens, at most 48, got "{"w" * 49}"',
        ),
        ('title = "A web server"', "title = 7", "title: expected a valid string, got 7"),
        ('title = "A web server"', 'title = " "', 'title: expected one line of text, got " "'),
        (
            'title = "A web server"',
            'title = "a\\nb"',
            'title: expected one line of text, got "a\\nb"',
        ),
        (
            'title = "A web server"',
            'title = "a\\u001b[31m"',
            'title: expected one line of text, got "a\\u001b[31m"',
        ),
        ('["nginx"]', '["Nginx"]', 'packages[0]: expected the name of a Debian package, got "Nginx"'),
        (
            '["nginx"]',
            '["nginx", "--allow-unauthenticated"]',
            'packages[1]: expected the name of a Debian package, got "--allow-unauthenticated"',
        ),
        ('["nginx"]', '["nginx", "nginx"]', 'packages: "nginx" is listed twice'),
        ('["nginx"]', '"nginx"', 'packages: expected a valid tuple, got "nginx"'),
        ('["22/tcp"]', '["ssh"]', f'listen[0]: {PORTS}, got "ssh"'),
        ('["22/tcp"]', '["65536/tcp"]', f'listen[0]: {PORTS}, got "65536/tcp"'),
        ('["22/tcp"]', '["0/udp"]', f'listen[0]: {PORTS}, got "0/udp"'),
        ('["22/tcp"]', '["0.0.0.0:25/tcp"]', f'listen[0]: {PORTS}, got "0.0.0.0:25/tcp"'),
        ('["22/tcp"]', '["127.0.0.256:25/tcp"]', f'listen[0]: {PORTS}, got "127.0.0.256:25/tcp"'),
        ('["22/tcp"]', '["127.0.0.1:25"]', f'listen[0]: {PORTS}, got "127.0.0.1:25"'),
        ('["22/tcp"]', '["::1:25/tcp"]', f'listen[0]: {PORTS}, got "::1:25/tcp"'),
        ('["22/tcp"]', '["22/tcp", "22/tcp"]', 'listen: "22/tcp" is listed twice'),
        (
            '["jdoe"]',
            "[]",
            "administrators: expected at least 1, got []",
        ),
        (
            '["jdoe"]',
            '["J Doe"]',
            'administrators[0]: expected a user name: lower-case letters, digits, - and _, at most 31, got "J Doe"',
        ),
        ('["jdoe"]', '["root"]', 'administrators[0]: expected a name that Debian does not use itself, got "root"'),
        ('["jdoe"]', '["jdoe", "jdoe"]', 'administrators: "jdoe" is listed twice'),
        (
            'listen = ["22/tcp"]',
            'setid_files = ["usr/bin/su"]',
            'setid_files[0]: expected an absolute path without blanks, got "usr/bin/su"',
        ),
        (
            'listen = ["22/tcp"]',
            'setid_files = ["/usr/bin/a b"]',
            'setid_files[0]: expected an absolute path without blanks, got "/usr/bin/a b"',
        ),
        ('name = "web"', 'name = "web"\nos = "debian-12"', "os: expected 'debian-13', got \"debian-12\""),
        (
            'name = "web"',
            'name = "web"\narchitecture = "arm64"',
            "architecture: expected 'amd64', got \"arm64\"",
        ),
        (
            'name = "web"',
            'name = "web"\ndeadline_minutes = 0',
            "deadline_minutes: expected greater than or equal to 1, got 0",
        ),
        (
            "[acceptance]",
            "[machine]\nmemory_mib = 511\n[acceptance]",
            "machine.memory_mib: expected greater than or equal to 512, got 511",
        ),
        (
            "[acceptance]",
            '[machine]\ncpus = "two"\n[acceptance]',
            'machine.cpus: expected a valid integer, unable to parse string as an integer, got "two"',
        ),
        (
            "[acceptance]",
            "[machine]\nmemory_mib = 65537\n[acceptance]",
            "machine.memory_mib: expected less than or equal to 65536, got 65537",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_path(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_recipe(tmp_path)
    replace(path, old, new)
    assert refusal(path) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "CVE-2026-12345",
            "CVE-26-1",
            'mitigation[0].cve: expected CVE-YEAR-NUMBER, got "CVE-26-1"',
        ),
        ('package = "nginx"\n', "", "mitigation[0].package: expected a value, got none; add it"),
        ('reason = "the module is off"', 'reason = ""', 'mitigation[0].reason: expected one line of text, got ""'),
        ('control = "gamma"\n', "", "mitigation[0].control: expected a value, got none; add it"),
    ],
)
def test_a_mitigation_says_what_why_until_when_and_by_which_control(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = write_recipe(tmp_path, RECIPE + MITIGATION)
    replace(path, old, new)
    assert refusal(path) == f"{path}: {message}"


def test_a_waiver_without_a_last_day_is_refused(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, RECIPE + WAIVER.replace("expires = 2026-12-31\n", ""))
    assert refusal(path) == f"{path}: hardening.waivers[0].expires: expected a value, got none; add it"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    replace(path, '["nginx"]', '["Nginx"]')
    replace(path, '["22/tcp"]', '["ssh"]')
    assert len(refusal(path).splitlines()) == 2


@given(st.dictionaries(st.sampled_from(sorted(Recipe.model_fields)), st.text() | st.integers() | st.lists(st.text())))
def test_whatever_a_file_says_is_either_a_recipe_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("recipes") / "web.toml"
    path.write_bytes("".join(f"{key} = {value!r}\n" for key, value in values.items()).encode(errors="replace"))
    assert refusal(path).startswith(f"{path}: ")


def test_what_listens_on_loopback_is_told_from_what_listens_on_a_network(tmp_path: Path) -> None:
    listen = '["22/tcp", "127.0.0.1:25/tcp", "[::1]:25/tcp", "53/udp"]'
    recipe = load_recipe(write_recipe(tmp_path, RECIPE.replace('["22/tcp"]', listen)))
    facts = recipe.facts
    assert facts["listen"] == ("22/tcp", "127.0.0.1:25/tcp", "[::1]:25/tcp", "53/udp")
    assert facts["listen_network"] == ("22/tcp", "53/udp")
    assert facts["listen_local"] == ("127.0.0.1:25/tcp", "[::1]:25/tcp")


JUDGE = """
[[judge]]
name = "openscap"
profile = "cis_level1_server"
least_score = 90
exceptions = [{ rule = "partition_for_home", reason = "one partition", expires = 2026-12-31 }]
"""


def test_judges_are_read_with_their_exceptions(tmp_path: Path) -> None:
    judge = load_recipe(write_recipe(tmp_path, RECIPE + JUDGE)).judge[0]
    assert (judge.label, judge.least_score) == ("openscap-cis_level1_server", 90)
    assert judge.exceptions[0].rule == "partition_for_home"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"openscap"', '"nessus"', "judge[0].name: expected 'lynis', 'openscap' or 'ssh-audit'"),
        ('"openscap"', '"lynis"', "judge[0]: profile: expected no profile with lynis"),
        ('profile = "cis_level1_server"\n', "", "judge[0]: profile: expected a profile with openscap"),
        ("= 90", "= 101", "judge[0].least_score: expected less than or equal to 100"),
        ('"partition_for_home"', '"a b"', "judge[0].exceptions[0].rule: expected a rule as the judge names it"),
        ('"one partition"', '""', "judge[0].exceptions[0].reason: expected one line of text"),
        ("2026-12-31", '"soon"', "judge[0].exceptions[0].expires"),
        ("exceptions =", "waivers =", "judge[0].waivers: unknown key"),
    ],
)
def test_a_wrong_judge_is_told_where_it_is(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = write_recipe(tmp_path, RECIPE + JUDGE)
    replace(path, old, new)
    assert words in refusal(path)


def test_a_judge_or_an_exception_that_comes_twice_is_refused(tmp_path: Path) -> None:
    assert 'judge: "openscap-cis_level1_server" is asked twice' in refusal(
        write_recipe(tmp_path, RECIPE + JUDGE + JUDGE)
    )
    path = write_recipe(tmp_path, RECIPE + JUDGE)
    one = '{ rule = "partition_for_home", reason = "one partition", expires = 2026-12-31 }'
    replace(path, one, f"{one}, {one}")
    assert 'exceptions: "partition_for_home" is listed twice' in refusal(path)
