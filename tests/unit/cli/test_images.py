"""The commands about images: what they list, show and remove, for people and as JSON alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hallmark.evidence.index import write_index
from hallmark.evidence.summary import JudgeSummary, save_summary
from hallmark.store.store import Store
from tests.support.command_line import call, store, the
from tests.support.small_disk import CHECKOUT
from tests.support.summaries import WHOLE

__all__ = ["store"]


def test_images_are_listed_with_states_and_channels(store: Store) -> None:
    lines = call("images", "--store", str(store.root)).splitlines()
    assert lines[0].split() == ["id", "state", "channels", "created", "size"]
    assert len(lines) == 4
    row = next(line for line in lines if the(store, "released").id in line)
    assert row.split()[1:3] == ["accepted", "stable"]


def test_images_as_json_hold_everything(store: Store) -> None:
    found = json.loads(call("images", "--json", "--store", str(store.root)))
    assert {image["state"] for image in found} == {"accepted", "rejected"}
    released = next(image for image in found if image["channels"])
    assert released["id"] == the(store, "released").id
    assert released["disk"] == str(the(store, "released").disk)


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    assert "`hallmark up` makes one" in call("images", "--store", str(tmp_path / "none"))
    assert json.loads(call("images", "--json", "--store", str(tmp_path / "none"))) == []


def test_show_takes_an_id_and_names_the_evidence(store: Store) -> None:
    image = the(store, "rejected")
    said = call("show", image.id, "--store", str(store.root))
    assert "sshd failed at boot" in said
    assert str(image.evidence / "index.md") in said
    assert "console.log" in said
    files = json.loads(call("show", image.id, "--json", "--store", str(store.root)))["files"]
    assert files == ["console.log", "index.md", "recipe.toml"]
    assert "  console.log                      everything that the machine printed" in said


def test_show_as_json_has_the_summary_and_none_of_an_older_image(store: Store) -> None:
    image = the(store, "rejected")
    words = ("show", image.id, "--json", "--store", str(store.root))
    assert json.loads(call(*words))["summary"] is None
    save_summary(image.evidence, WHOLE)
    assert json.loads(call(*words))["summary"] == WHOLE.model_dump(mode="json")
    assert "summary " not in call("show", image.id, "--store", str(store.root))


def test_show_prints_the_scores_of_the_judges(store: Store) -> None:
    image = the(store, "rejected")
    judge = JudgeSummary(
        name="openscap",
        profile="cis_level1_server",
        version="0.1.82",
        content="f" * 64,
        score=90.5,
        counted=100,
        least_score=95,
        before=91,
        passed=181,
        not_applicable=3,
        failed=("aide", "partition_for_home"),
        exceptions={"partition_for_home": "one partition", "gone": "was there once"},
        stale=("gone",),
        seconds=8.3,
    )
    write_index(image.evidence, WHOLE.model_copy(update={"judges": (judge,)}))
    said = call("show", image.id, "--store", str(store.root)).splitlines()
    assert "openscap-cis_level1_server: 90.5 %, 100 % but for 2 exceptions (at least 95 %)" in said
    assert "openscap-cis_level1_server: less than the released image's 91 %" in said
    assert "openscap-cis_level1_server: exception gone: the rule does not fail any more" in said
    index = (image.evidence / "index.md").read_text()
    assert "- `partition_for_home`: one partition" in index
    assert "| `openscap-cis_level1_server` | 0.1.82 | 90.5 % | 100 % | 95 % | 91 % | 181 | 2 | 3 |" in index


def test_show_of_a_recipe_is_its_released_image_not_its_newest(store: Store) -> None:
    assert json.loads(call("show", "web", "--json", "--store", str(store.root)))["id"] == the(store, "released").id


def test_retry_makes_a_rejected_image_a_candidate(store: Store) -> None:
    image = the(store, "rejected")
    assert json.loads(call("retry", image.id, "--json", "--store", str(store.root)))["state"] == "candidate"
    assert store.image(image.id).state == "candidate"


def test_gc_says_what_goes(store: Store) -> None:
    going = sorted(image.id for image in store.images() if image != the(store, "released"))
    said = call("gc", "--keep", "0", "--dry-run", "--store", str(store.root))
    assert sorted(line.removeprefix("would remove ") for line in said.splitlines()) == going
    removed = json.loads(call("gc", "--keep", "0", "--json", "--store", str(store.root)))
    assert (sorted(removed["removed"]), removed["dry_run"]) == (going, False)
    assert call("gc", "--store", str(store.root)) == "nothing to remove\n"


def test_looking_at_images_imports_no_pulumi(store: Store) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from hallmark.cli import app as cli\n"
        f"assert CliRunner().invoke(cli.app, ['images', '--store', {str(store.root)!r}]).exit_code == 0\n"
        "assert not [name for name in sys.modules if name.startswith(('pulumi', 'grpc'))]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(CHECKOUT)}, check=False)
    assert done.returncode == 0
