"""The command line: one message on standard error and an exit code for what a user can mend; JSON alone where asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hallmark.cli import app as cli
from hallmark.cli import run, stacks, up
from hallmark.common import errors
from hallmark.common.errors import BuildError, HallmarkError, ProcessError
from hallmark.common.fingerprint import hash_bytes
from hallmark.engine.engine import Engine
from hallmark.local import trial as machine
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.small_disk import CHECKOUT

IMAGES = {
    "web": {"id": "web-1", "disk": "/s/disk.qcow2", "evidence": "/s/evidence", "channel": "stable", "accepted": True}
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store of one released, one rejected and one newer image of `web`."""
    store = Store(tmp_path / "store")
    for content in ("released", "rejected", "newer"):
        with store.workdir("build") as work:
            (work / "disk").write_text(content)
            (work / "evidence").mkdir()
            (work / "evidence/console.log").write_text("booted")
            (work / "evidence/index.md").write_text("# web\n")
            (work / "evidence/recipe.toml").write_text('administrators = ["alice", "bob"]\n')
            image = store.add_candidate(
                work / "disk", work / "evidence", recipe="web", fingerprint=hash_bytes(content.encode())
            )
        if content == "rejected":
            store.reject(image.id, hash_bytes(b"a"), "sshd failed at boot")
        else:
            store.accept(image.id, hash_bytes(b"a"))
    store.move_channel("web", "stable", the(store, "released").id)
    return store


def the(store: Store, content: str) -> Image:
    """The image of that content."""
    image = store.find(hash_bytes(content.encode()))
    assert image is not None
    return image


def hallmark(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process."""
    return subprocess.run(
        [sys.executable, "-m", "hallmark", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def call(*words: str) -> str:
    """Run a command within this process; errors come through."""
    result = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


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


def test_an_error_is_one_line_on_standard_error_and_the_classs_exit_code(store: Store) -> None:
    done = hallmark("show", "db", "--store", str(store.root))
    assert done.returncode == 7
    assert done.stdout == ""
    assert done.stderr == (
        f"hallmark: db: expected an image's id or a recipe with images in {store.root}; see `hallmark images`\n"
    )


def test_wrong_usage_ends_with_2() -> None:
    assert hallmark("sho").returncode == 2
    assert hallmark("gc", "--keep", "-1").returncode == 2
    assert hallmark("images", "--nonsense").returncode == 2


def test_the_help_documents_every_exit_code_that_there_is() -> None:
    codes = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HallmarkError)
    }
    said = hallmark("--help").stdout
    assert all(f" {code} " in said for code in {0, 130, *codes})


@pytest.mark.parametrize("problem", [BuildError("no"), ProcessError("no")])
def test_main_turns_errors_into_exit_codes(
    problem: HallmarkError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise problem

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == problem.exit_code
    assert capsys.readouterr().err == "hallmark: no\n"


def test_our_own_bugs_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(RuntimeError):
        cli.main()


def test_looking_at_images_imports_no_pulumi(store: Store) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from hallmark.cli import app as cli\n"
        f"assert CliRunner().invoke(cli.app, ['images', '--store', {str(store.root)!r}]).exit_code == 0\n"
        "assert not [name for name in sys.modules if name.startswith(('pulumi', 'grpc'))]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(CHECKOUT)}, check=False)
    assert done.returncode == 0


class FakeEngine:
    """Stands in for the engine."""

    def __init__(self) -> None:
        self.stacks: list[tuple[str, bool]] = []

    def up(self, stack: str, _say: object, *, output: object = None) -> None:
        """Remember the call."""
        self.stacks.append((stack, output is not None))

    def outputs(self, _stack: str) -> dict[str, Any]:
        """Outputs like the real ones."""
        return {"images": IMAGES}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEngine:
    """An engine that does nothing."""
    fake = FakeEngine()
    monkeypatch.setattr(up, "Engine", lambda *_: fake)
    for module in (up, stacks):
        monkeypatch.setattr(module, "find_checkout", lambda: tmp_path)
    return fake


def test_up_ends_by_naming_image_disk_evidence_and_next_commands(engine: FakeEngine) -> None:
    said = call("up")
    assert engine.stacks == [("local", False)]
    for expected in (
        "web: released on channel stable",
        "web-1",
        "/s/disk.qcow2",
        "/s/evidence",
        "make run",
        "hallmark show web",
        "make -s outputs",
    ):
        assert expected in said


def test_up_as_json_keeps_the_engines_words_out_of_standard_output(engine: FakeEngine) -> None:
    said = json.loads(call("up", "other", "--json"))
    assert engine.stacks == [("other", True)]
    assert said["images"] == IMAGES
    assert "make run STACK=other" in said["next"]


def test_outputs_are_json(engine: FakeEngine) -> None:
    assert json.loads(call("outputs")) == {"images": IMAGES}


def test_the_store_of_a_stack_is_where_its_configuration_says(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stacks, "find_checkout", lambda: tmp_path)
    assert json.loads(call("images", "--json")) == []
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.local.yaml").write_text(f"config:\n  hallmark:store: {store.root}\n")
    assert len(json.loads(call("images", "--json"))) == 3
    assert json.loads(call("images", "--json", "--stack", "other")) == []


def test_run_boots_the_released_image_as_the_recipes_first_administrator(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    booted: list[tuple[str, str, machine.TrialOptions]] = []

    def boot(
        _store: Store, image: Image, user: str, _accelerator: object, options: machine.TrialOptions, **_: object
    ) -> None:
        booted.append((image.id, user, options))
        raise KeyboardInterrupt

    monkeypatch.setattr(machine, "boot", boot)
    monkeypatch.setattr(run, "choose_for_image", lambda _stack: None)
    call("run", "--store", str(store.root), "--offline", "--port", "2222")
    call("run", the(store, "newer").id, "--store", str(store.root))
    assert booted == [
        (the(store, "released").id, "alice", machine.TrialOptions(port=2222, offline=True)),
        (the(store, "newer").id, "alice", machine.TrialOptions()),
    ]


def test_run_without_a_release_says_what_to_do(tmp_path: Path) -> None:
    done = hallmark("run", "--store", str(tmp_path))
    assert done.returncode == 7
    assert "nothing was released yet; `make image` makes and releases an image" in done.stderr


def test_the_engine_and_the_command_line_fit_together() -> None:
    assert Engine(CHECKOUT, {}).state == CHECKOUT / ".hallmark/state"
