"""Each recipe of this checkout is read, its plan compiles, and the page of recipes knows it."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from hallmark.common.errors import ControlError
from hallmark.config.recipe import load_recipe
from hallmark.controls.plan import Plan
from hallmark.order.order import make_plan, wanted_packages

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "recipes" / "debian-13-server.toml"
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))


def test_there_is_more_than_one() -> None:
    assert {path.stem for path in RECIPES} >= {"debian-13-server", "debian-13-web"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_its_plan_compiles(path: Path) -> None:
    recipe = load_recipe(path)
    plan = make_plan(recipe, ROOT / "image_scripts", dt.date(2000, 1, 1))
    assert recipe.name == path.stem
    assert len(plan.ids) > 50
    assert set(recipe.packages) <= set(wanted_packages(recipe, plan))
    assert path.name in (ROOT / "docs/recipes.md").read_text()


def plan_with(folder: Path, text: str) -> Plan:
    """The plan of a recipe with this text and the default one's name, with the real controls."""
    shutil.copytree(ROOT / "recipes", folder, dirs_exist_ok=True)
    path = folder / DEFAULT.name
    path.write_text(text)
    return make_plan(load_recipe(path), ROOT / "image_scripts", dt.date(2000, 1, 1))


def test_what_listens_on_loopback_is_declared_to_one_control_and_opened_by_no_other(tmp_path: Path) -> None:
    listen = 'listen = ["22/tcp", "127.0.0.1:25/tcp", "[::1]:25/tcp"]'
    plan = plan_with(tmp_path, DEFAULT.read_text().replace('listen = ["22/tcp"]', listen))
    found = {control.id: control.environment for control in plan.controls}
    assert found["listening-sockets"]["HM_DECLARED_LOCAL"] == "127.0.0.1:25/tcp [::1]:25/tcp"
    assert found["listening-sockets"]["HM_DECLARED"] == found["host-firewall"]["HM_DECLARED"] == "22/tcp"
    assert found["packages-declared"]["HM_LISTEN"] == "22/tcp 127.0.0.1:25/tcp [::1]:25/tcp"


@pytest.mark.parametrize(
    ("control", "value", "message"),
    [
        ("host-firewall", 'rows = [["db", "5432", "any", "app"]]', "rows: db: ports"),
        ("host-firewall", 'rows = [["db", "5432/tcp", "db.example.org", "app"]]', "rows: db: to"),
        ("host-firewall", 'rows = [["db", "5432/tcp", "any", "the app"]]', "rows: db: users"),
        ("listening-sockets", 'local = ["127.0.0.1:25/tcp"]', "local"),
        ("listening-sockets", 'local = ["10.0.0.1:25"]', "local"),
    ],
)
def test_a_value_that_no_machine_could_use_ends_the_preview(
    tmp_path: Path, control: str, value: str, message: str
) -> None:
    with pytest.raises(ControlError) as refused:
        plan_with(tmp_path, f"{DEFAULT.read_text()}\n[hardening.parameters.{control}]\n{value}\n")
    where = f"{tmp_path / DEFAULT.name}: hardening.parameters.{control}"
    assert str(refused.value).startswith(f"{where}.{message}: expected what matches ")


def test_a_row_of_ones_own_is_as_the_machine_takes_it(tmp_path: Path) -> None:
    row = '["db", "5432/tcp,5433-5440/tcp", "10.0.0.0/8,fd00::/8", "Debian-exim,app"]'
    plan = plan_with(tmp_path, f"{DEFAULT.read_text()}\n[hardening.parameters.host-firewall]\nrows = [{row}]\n")
    (firewall,) = [control for control in plan.controls if control.id == "host-firewall"]
    assert firewall.table[-1][:4] == ("db", "5432/tcp,5433-5440/tcp", "10.0.0.0/8,fd00::/8", "Debian-exim,app")
