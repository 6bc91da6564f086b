"""The documentation tells the truth where a machine can tell: links, commands, keys, examples, no foreign hosts."""

from __future__ import annotations

import importlib
import ipaddress
import json
import re
import shutil
import subprocess
import tomllib
import xml.dom.minidom
from collections.abc import Iterator
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic import BaseModel

from hallmark.cli.app import app
from hallmark.cli.check import DRIFT
from hallmark.common import errors
from hallmark.common.failures import INTERRUPTED
from hallmark.config.recipe import Recipe, load_recipe
from hallmark.config.settings import Settings, load_settings
from hallmark.controls.plan import load_controls
from hallmark.debian.inventory import InstalledPackage, Inventory
from hallmark.order.order import Order, make_order, make_plan
from tests.support.examples import BASE, INVENTORY, LOCK, TODAY
from tools.docs.tables import tables

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("0*.md"))
README, DOCS = ROOT / "README.md", ROOT / "docs"
HACKING, ARCHITECTURE = DOCS / "hacking.md", DOCS / "architecture.md"
RECIPES, SETTINGS, TROUBLE = DOCS / "recipes.md", DOCS / "settings.md", DOCS / "troubleshooting.md"
EVIDENCE, JUDGES = DOCS / "evidence.md", DOCS / "judges.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "stacks").glob("*.md"))]
GUIDES = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")), ROOT / "stacks" / "README.md"]
DEFAULT_RECIPE = ROOT / "recipes" / "debian-13-server.toml"

# Sites that explain something; whoever fetches from one of them does so by hand.
DOCUMENTATION = {
    "www.w3.org",
    "json-schema.org",
    "www.pulumi.com",
    "csrc.nist.gov",
    "www.debian.org",
    "wiki.debian.org",
}
# A place for states, which a user chooses by naming it: no package and no data come from there.
STATES = {"api.pulumi.com", "app.pulumi.com"}
CLOUD = re.compile(r"(?:[a-z0-9-]+\.)*(?:ec2|ebs)\.[a-z0-9-]+(?:\.vpce)?\.amazonaws\.com")
RESERVED = re.compile(r"(.+\.)?(test|invalid|localhost|example|example\.(org|com|net))|[^.]+")
URL = re.compile(r"\b(?:https?|ftp)://(?:[^/\s@]*@)?([A-Za-z0-9][A-Za-z0-9.-]*)")
OUR_PLACE = re.compile(r"(?:(?:hallmark|components|tools|tests)/[a-z0-9_/]*(?:\.py)?|image_scripts/[a-z_/]*(?:\.sh)?)")
SERVER = re.compile(
    r"\b((?:deb|ftp\d*|security|snapshot|archive|mirrors?|pypi|files|index|registry|proxy|sum|cdn|packages)"
    r"\.[a-z0-9.-]+\.(?:org|com|net|io|dev|cloud))\b"
)


def ids(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def code(text: str) -> Iterator[str]:
    """Every line of a fence, without its comment, and every inline piece of code."""
    for fence in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from (line.partition("#")[0] for line in fence.splitlines())
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def commands(page: Path, program: str) -> set[str]:
    """The first words behind a program's name in a page's code."""
    pattern = re.compile(rf"^\s*{program} (?:-\S+ )*([a-z][a-z-]*)\b(?!\.)")
    return {found[1] for piece in code(page.read_text()) if (found := pattern.match(piece))}


def first_column(page: Path, heading: str) -> list[str]:
    """The first cells of the first table behind a heading whose head is KEY, without their backquotes."""
    text = page.read_text().partition(f"\n{heading}")[2]
    lines = text[text.index("\n|---|") + 1 :].splitlines()[1:]
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [row.split("|")[1].strip().strip("`") for row in rows]


def targets(page: Path) -> Iterator[tuple[Path, str]]:
    """Where a page's links into this checkout lead: file or folder, and heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        if "://" not in target:
            yield (page.parent / path).resolve() if path else page, anchor


def declared_settings() -> dict[str, Any]:
    """Key → type, default and description, in Pulumi.yaml."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return config


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    for there, anchor in targets(page):
        assert there.exists(), f"{page}: {there}"
        assert not anchor or anchor in anchors(there), f"{page}: {there}#{anchor}: no such heading"


def test_every_page_can_be_reached_from_the_readme_or_the_architecture() -> None:
    reached, following = {README, ARCHITECTURE}, [README, ARCHITECTURE]
    while following:
        new = {there for there, _ in targets(following.pop()) if there.suffix == ".md"} - reached
        reached |= new
        following += new
    assert set(PAGES) - reached == set()


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", GUIDES, ids=ids(GUIDES))
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert commands(page, "make") <= targets


@pytest.mark.parametrize("page", GUIDES, ids=ids(GUIDES))
def test_every_hallmark_command_that_is_named_exists(page: Path) -> None:
    group = typer.main.get_command(app)
    assert commands(page, "hallmark") <= set(getattr(group, "commands", {}))


@pytest.mark.parametrize("page", GUIDES, ids=ids(GUIDES))
def test_every_module_and_folder_of_ours_that_is_named_exists(page: Path) -> None:
    named = [piece for piece in code(page.read_text()) if OUR_PLACE.fullmatch(piece)]
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_module_that_is_named_alone_exists() -> None:
    rooms = ("hallmark", "components", "tools", "tests", "image_scripts")
    modules = {path.name for room in rooms for path in (ROOT / room).rglob("*.py")}
    named = {piece for page in GUIDES for piece in code(page.read_text()) if re.fullmatch(r"[a-z_]+\.py", piece)}
    assert named <= modules


def test_the_readme_names_every_hallmark_command_and_its_make_target() -> None:
    known = set(getattr(typer.main.get_command(app), "commands", {}))
    assert known - commands(README, "hallmark") <= {"outputs"}  # `make -s outputs` prints them
    assert {"image", "test", "setup", "outputs", "clean", "distclean", "help"} <= commands(README, "make")


def test_the_settings_table_has_the_keys_of_pulumi_yaml_and_of_the_model() -> None:
    declared = declared_settings()
    fields = [field.alias or name for name, field in Settings.model_fields.items()]
    assert first_column(SETTINGS, "## Keys") == list(declared)
    assert sorted(fields) == sorted(declared)


def test_the_defaults_of_pulumi_yaml_are_those_of_the_model() -> None:
    declared = declared_settings()
    config = {f"hallmark:{key}": _as_pulumi_passes(entry["default"]) for key, entry in declared.items()}
    assert load_settings(config, where="Pulumi.yaml") == Settings()


def test_pulumi_yaml_describes_a_setting_in_the_words_of_the_model() -> None:
    declared = {key: entry["description"] for key, entry in declared_settings().items()}
    assert declared == {field.alias or name: field.description for name, field in Settings.model_fields.items()}


def _as_pulumi_passes(value: object) -> str:
    return value if isinstance(value, str) else str(value).replace("'", '"')


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{name}.")
        elif not field.exclude:
            yield f"{prefix}{name}"


def test_no_generated_table_is_left_out() -> None:
    named = re.findall(
        r"<!-- generated: ([a-z ]+) -->",
        RECIPES.read_text() + SETTINGS.read_text() + EVIDENCE.read_text() + JUDGES.read_text(),
    )
    assert sorted(named) == sorted(tables())


def test_the_recipe_table_has_the_keys_of_the_model() -> None:
    assert sorted(first_column(RECIPES, "## Keys")) == sorted(_keys(Recipe))


def recipe_examples() -> Iterator[tuple[str, str]]:
    """Place and text of each recipe that a page holds; of a part of one, the default recipe with that part added."""
    for page in PAGES:
        dated = page.read_text().replace("YYYY-MM-DD", TODAY.isoformat())
        for number, text in enumerate(re.findall(r"^```toml\n(.*?)^```", dated, re.MULTILINE | re.DOTALL)):
            keys = set(tomllib.loads(text))
            if keys <= set(Recipe.model_fields):  # others are files of a control
                whole = "purpose" in keys
                yield f"{page.stem}-{number}", text if whole else f"{DEFAULT_RECIPE.read_text()}\n{text}"


EXAMPLES = dict(recipe_examples())


def plan_example(folder: Path, text: str) -> tuple[Recipe, Order]:
    """A recipe as a stack would take it on its last day."""
    name = tomllib.loads(text)["name"]
    shutil.copytree(DEFAULT_RECIPE.parent, folder, dirs_exist_ok=True)
    (folder / f"{name}.toml").write_text(text)
    recipe = load_recipe(folder / f"{name}.toml")
    scripts = ROOT / "image_scripts"
    python = InstalledPackage(name="python3", version="3.13.5-1", architecture="amd64")
    inventory = Inventory(packages=(*INVENTORY.packages, python))
    plan = make_plan(recipe, scripts, TODAY)
    return recipe, make_order(recipe, plan, scripts=scripts, base=BASE, inventory=inventory, lock=LOCK)


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_no_page_shows_a_day_that_will_have_passed(page: Path) -> None:
    assert re.findall(r"expires = (?!YYYY-MM-DD).*", page.read_text()) == []


def test_the_pages_hold_a_whole_recipe_a_waiver_and_a_mitigation() -> None:
    recipes = [tomllib.loads(text) for text in EXAMPLES.values()]
    assert [recipe["name"] for recipe in recipes if recipe["name"] != DEFAULT_RECIPE.stem]
    assert [recipe for recipe in recipes if recipe["hardening"].get("waivers")]
    assert [recipe for recipe in recipes if recipe.get("mitigation")]


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_every_recipe_in_the_pages_is_one_that_can_be_planned(tmp_path: Path, text: str) -> None:
    recipe, order = plan_example(tmp_path, text)
    planned = {row.id for row in order.plan}
    waived = {row.id for row in order.plan if row.waiver}
    assert {*recipe.hardening.parameters, *(mitigation.control for mitigation in recipe.mitigation)} <= planned
    assert waived == {waiver.control for waiver in recipe.hardening.waivers}


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_every_recipe_in_the_pages_lists_the_setid_files_that_its_profile_needs(tmp_path: Path, text: str) -> None:
    recipe, needed = plan_example(tmp_path, text)[0], load_recipe(DEFAULT_RECIPE)
    assert recipe.hardening.profile == needed.hardening.profile
    assert set(needed.setid_files) <= set(recipe.setid_files)


@pytest.mark.parametrize("text", EXAMPLES.values(), ids=EXAMPLES)
def test_every_recipe_in_the_pages_is_one_for_editors_too(text: str) -> None:
    document = json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))
    schema = json.loads((ROOT / "recipes" / "recipe.schema.json").read_text())
    importlib.import_module("jsonschema").Draft202012Validator(schema).validate(document)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    codes = {error.exit_code for error in _subclasses(errors.HallmarkError)} | {0, DRIFT, INTERRUPTED}
    assert [int(cell) for cell in first_column(TROUBLE, "## Exit codes")] == sorted(codes)


def _subclasses(kind: type[errors.HallmarkError]) -> Iterator[type[errors.HallmarkError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _subclasses(below)


def _worked_example(folder: Path) -> Path:
    """The control that hacking.md writes, as files; the folder of all controls."""
    text = HACKING.read_text().partition("## A new control")[2].partition("**3.")[0]
    files = re.findall(r"`([a-z/.-]+)`:\n\n```(?:sh|toml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    home = folder / tomllib.loads(dict(files)["control.toml"])["id"]
    (home / "tests").mkdir(parents=True)
    for name, content in files:
        (home / name).write_text(content)
    return folder


def test_the_worked_example_is_a_control_that_would_cover_something_new(tmp_path: Path) -> None:
    (control,) = load_controls(_worked_example(tmp_path)).values()
    assert control.proven
    assert len(control.scenarios) == 4
    assert not (ROOT / "image_scripts" / "controls" / control.id).exists(), "there now: choose another example"


def test_the_worked_examples_scripts_are_as_ours_have_to_be(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".shellcheckrc", tmp_path)
    scripts = sorted(_worked_example(tmp_path).rglob("*.sh"))
    for linter in (["shellcheck"], ["shfmt", "-i", "4", "-ci", "-d"]):
        done = subprocess.run([*linter, *scripts], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_index_of_decisions_is_complete() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    for number, page in enumerate(DECISIONS, start=1):
        title = page.read_text().splitlines()[0].removeprefix(f"# {number}. ")
        assert f"| {number} | [{title}]({page.name}) |" in index


def test_the_page_of_the_doubles_names_each_of_them() -> None:
    folder = ROOT / "tests" / "doubles"
    named = set(re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text()))
    assert named == {path.name for path in folder.glob("*.py")} - {"__init__.py"}


def test_the_picture_is_whole_and_has_a_dark_side() -> None:
    text = (ROOT / "docs" / "pipeline.svg").read_text()
    xml.dom.minidom.parseString(text)  # noqa: S318 -- a file of our own
    assert "prefers-color-scheme: dark" in text


def _tracked() -> Iterator[tuple[Path, str]]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            yield ROOT / name, (ROOT / name).read_text(errors="replace")


def _is_nobodys(host: str) -> bool:
    """Reserved for examples, an address of no public server, a single word, or an API of the cloud we build in."""
    if CLOUD.fullmatch(host.lower()):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return RESERVED.fullmatch(host.lower()) is not None


def test_no_tracked_file_names_the_host_of_a_mirror_or_registry() -> None:
    foreign = [
        f"{path.relative_to(ROOT)}: {host}"
        for path, text in _tracked()
        for host in [*URL.findall(text), *SERVER.findall(text)]
        if not _is_nobodys(host.rstrip(".")) and host.rstrip(".") not in DOCUMENTATION | STATES
    ]
    assert not foreign


@pytest.mark.parametrize(
    ("host", "foreign"),
    [("debian.test", False), ("mirror.example.org", False), ("127.0.0.1", False), ("deb", False), ("8.8.8.8", True)],
)
def test_what_counts_as_a_foreign_host(host: str, foreign: bool) -> None:
    assert _is_nobodys(host) is not foreign


def test_a_server_is_seen_with_and_without_a_scheme() -> None:
    host = "mirror somewhere org".replace(" ", ".")  # or this file would name one
    assert SERVER.findall(f"url: {host}/debian") == URL.findall(f"http://me:word@{host}/debian") == [host]
    assert not _is_nobodys(host)
