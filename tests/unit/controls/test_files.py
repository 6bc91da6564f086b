"""Control and profile files: what is loaded, and what is refused by its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import ControlError
from hallmark.controls.files import Control, load_controls, load_profile
from tests.support.control_files import parameter, write_control
from tests.support.small_disk import CHECKOUT


def refusal(folder: Path) -> str:
    with pytest.raises(ControlError) as caught:
        load_controls(folder)
    return str(caught.value).removeprefix(f"{folder}/")


# --- loading ---


def test_controls_are_loaded_by_their_id(tmp_path: Path) -> None:
    write_control(tmp_path, "b-second")
    write_control(tmp_path, "a-first")
    assert list(load_controls(tmp_path)) == ["a-first", "b-second"]


def test_the_controls_of_this_checkout_are_well_formed() -> None:
    controls = load_controls(CHECKOUT / "image_scripts" / "controls")
    unproven = [control.id for control in controls.values() if not control.proven]
    assert unproven == []


@pytest.mark.parametrize("name", ["server", "minimal", "strict"])
def test_the_profiles_of_this_checkout_name_controls_that_exist(name: str) -> None:
    controls = load_controls(CHECKOUT / "image_scripts" / "controls")
    chosen = load_profile(CHECKOUT / "image_scripts" / "profiles" / f"{name}.toml")
    assert set(chosen.controls) <= set(controls)


def test_only_a_mitigation_brings_in_what_the_server_profile_leaves_out() -> None:
    controls = load_controls(CHECKOUT / "image_scripts" / "controls")
    chosen = load_profile(CHECKOUT / "image_scripts" / "profiles" / "server.toml")
    assert set(controls) - set(chosen.controls) == {"kernel-module-denylist"}


def test_a_check_that_may_not_apply_says_when() -> None:
    controls = load_controls(CHECKOUT / "image_scripts" / "controls")
    says = {c.id for c in controls.values() if _may_not_apply(c.folder)}
    assert says == {c.id for c in controls.values() if c.may_not_apply}


def _may_not_apply(folder: Path) -> bool:
    return any("not_applicable" in p.read_text() or "NotApplicable" in p.read_text() for p in folder.glob("check.*"))


@pytest.mark.parametrize(("missing", "names"), [("apply", "apply.sh"), ("check", "check.sh or check.py")])
def test_a_control_without_a_script_is_refused(tmp_path: Path, missing: str, names: str) -> None:
    write_control(tmp_path, "lame", scripts=tuple({"apply", "check"} - {missing}))
    assert refusal(tmp_path) == f"lame: expected {names}, exactly one; a control needs apply and check"


def test_a_control_with_two_checks_is_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "split")
    (tmp_path / "split" / "check.py").touch()
    assert refusal(tmp_path) == "split: expected check.sh or check.py, exactly one; a control needs apply and check"


def test_a_control_must_have_its_folders_name(tmp_path: Path) -> None:
    write_control(tmp_path, "one")
    (tmp_path / "one").rename(tmp_path / "two")
    assert refusal(tmp_path) == 'two/control.toml: id: expected the name of its folder, "two", got "one"'


def test_an_unknown_requirement_is_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "one")
    path = tmp_path / "one" / "control.toml"
    path.write_text(path.read_text().replace('"P1"', '"P1", "Q9"'))
    assert refusal(tmp_path) == 'one/control.toml: requirements[1]: expected a number such as "P1", got "Q9"'


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    write_control(tmp_path, "one", 'colour = "blue"\n')
    assert refusal(tmp_path) == "one/control.toml: colour: Extra inputs are not permitted"


def test_broken_toml_names_the_file_and_the_place(tmp_path: Path) -> None:
    write_control(tmp_path, "one", "colour = \n")
    assert refusal(tmp_path).startswith("one/control.toml: not valid TOML: Invalid value (at line ")


def test_a_folder_without_control_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert refusal(tmp_path) == "one/control.toml: no such file"


def test_a_scenario_with_an_unclear_verdict_is_refused(tmp_path: Path) -> None:
    write_control(tmp_path, "one")
    (tmp_path / "one" / "tests" / "what.sh").touch()
    assert refusal(tmp_path) == ("one/tests/what.sh: expected a name that ends in .pass.sh, .fail.sh or .refuse.sh")


def test_after_must_name_a_control(tmp_path: Path) -> None:
    write_control(tmp_path, "one", 'after = ["two"]\n')
    assert refusal(tmp_path) == 'one/control.toml: after[0]: there is no control "two"'


def test_a_cycle_in_after_is_refused_and_drawn(tmp_path: Path) -> None:
    write_control(tmp_path, "one", 'after = ["two"]\n')
    write_control(tmp_path, "two", 'after = ["three"]\n')
    write_control(tmp_path, "three", 'after = ["one"]\n')
    text = refusal(tmp_path)
    assert "after: expected an order without a cycle, got " in text
    drawn = text.partition("got ")[2].split(" after ")
    assert drawn[0] == drawn[-1]
    assert set(drawn) == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (parameter("list"), "parameters.words: expected a default, or `from` naming a fact of the recipe"),
        (
            parameter("list", 'default = "x"'),
            "parameters.words: expected a list of strings without white space, got 'x'",
        ),
        (
            parameter("list", 'default = ["a b"]'),
            "parameters.words: expected a list of strings without white space, got ['a b']",
        ),
        (parameter("integer", "default = true"), "parameters.words: expected an integer, got True"),
        (parameter("boolean", "default = 1"), "parameters.words: expected true or false, got 1"),
        (parameter("string", 'default = "a\\nb"'), "parameters.words: expected a string of one line, got 'a\\nb'"),
        (
            parameter("string", 'default = "x"\nchoices = ["y", "z"]'),
            "parameters.words: expected one of y, z, got 'x'",
        ),
        (parameter("string", 'default = "b"\npattern = "a+"'), "parameters.words: expected what matches a+, got 'b'"),
        (
            parameter("list", 'default = ["a", "b"]\npattern = "a+"'),
            "parameters.words: expected what matches a+, got 'b'",
        ),
        (
            '[table]\ncolumns = ["key"]\nrows = [["a"]]\npatterns.value = "a+"\n',
            'table: patterns: there is no column "value"',
        ),
        (
            '[table]\ncolumns = ["key", "value"]\nrows = [["a", "b"]]\npatterns.value = "a+"\n',
            "table: rows: a: value: expected what matches a+, got 'b'",
        ),
        (parameter("integer", "default = 3\nminimum = 5"), "parameters.words: expected at least 5, got 3"),
        (parameter("integer", "default = 9\nmaximum = 5"), "parameters.words: expected at most 5, got 9"),
    ],
)
def test_a_wrong_default_is_refused(tmp_path: Path, text: str, message: str) -> None:
    write_control(tmp_path, "one", text)
    assert refusal(tmp_path) == f"one/control.toml: {message}"


def test_a_missing_profile_names_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "server.toml").touch()
    with pytest.raises(ControlError) as caught:
        load_profile(tmp_path / "sever.toml")
    assert str(caught.value) == f"{tmp_path}/sever.toml: no such profile; those that exist: server"


def test_a_profile_that_lists_a_control_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('title = "t"\ncontrols = ["a", "b", "a"]\n')
    with pytest.raises(ControlError) as caught:
        load_profile(path)
    assert str(caught.value) == f'{path}: controls[2]: "a" is listed twice'


def test_a_profile_that_extends_another_has_its_controls_and_wins_over_its_values(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('title = "t"\ncontrols = ["a"]\n[parameters.a]\nx = 1\ny = 2\n')
    path = tmp_path / "more.toml"
    path.write_text('title = "u"\nextends = "base"\ncontrols = ["b"]\n[parameters.a]\ny = 3\n[parameters.b]\nz = 4\n')
    profile = load_profile(path)
    assert (profile.title, profile.controls) == ("u", ("a", "b"))
    assert profile.parameters == {"a": {"x": 1, "y": 3}, "b": {"z": 4}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "t"\n', "controls: expected at least one"),
        ('title = "t"\nextends = "more"\n', 'extends: "more" extends another profile itself'),
        ('title = "t"\nextends = "base"\ncontrols = ["a"]\n', 'controls[1]: "a" is listed twice'),
    ],
)
def test_a_profile_that_extends_wrongly_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "base.toml").write_text('title = "t"\ncontrols = ["a"]\n')
    (tmp_path / "more.toml").write_text('title = "t"\nextends = "base"\n')
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(ControlError) as caught:
        load_profile(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_profile_with_a_wrong_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('title = "t"\ncontrols = ["a", 3]\n')
    with pytest.raises(ControlError) as caught:
        load_profile(path)
    assert str(caught.value) == f"{path}: controls[1]: Input should be a valid string"


# --- the plan's files ---


def test_a_control_knows_its_scenarios(tmp_path: Path) -> None:
    write_control(tmp_path, "a")
    tests = tmp_path / "a" / "tests"
    control: Control = load_controls(tmp_path)["a"]
    assert not control.proven
    (tests / "x.fail.sh").touch()
    assert not control.proven
    (tests / "y.pass.sh").touch()
    assert control.proven


# --- packages, references and tables ---


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ('packages = ["Not A Package"]\n', "packages[0]: String should match pattern '^[a-z0-9][a-z0-9+.-]+$'"),
        ('packages_when = "x"\n', '(whole file): packages_when: there is no parameter "x"'),
        (
            '[references]\ncis = ["five"]\n',
            r"references.cis[0]: String should match pattern '^[1-7](\.[0-9]{1,2}){1,4}$'",
        ),
        ('[references]\nstig = ["1"]\n', "references.stig: Extra inputs are not permitted"),
        ('[table]\ncolumns = ["key"]\nrows = [["a"], ["a"]]\n', "table: rows: expected each key once"),
        (
            '[table]\ncolumns = ["key"]\nrows = [["a", "b", "c"]]\n',
            "table: rows: expected [key] and perhaps a reason, as text, got ('a', 'b', 'c')",
        ),
        (
            '[table]\ncolumns = ["key"]\nrows = [["a"]]\n' + parameter("list", "default = []").replace("words", "rows"),
            "(whole file): parameters.rows: expected another name; this one changes the table",
        ),
    ],
)
def test_what_does_not_fit_in_a_control_is_refused(tmp_path: Path, extra: str, message: str) -> None:
    write_control(tmp_path, "one", extra)
    assert refusal(tmp_path) == f"one/control.toml: {message}"
