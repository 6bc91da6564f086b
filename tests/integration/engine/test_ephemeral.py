"""The inner stack, with the real engine: it leaves nothing, however it, its user or its engine ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hallmark.common.errors import ProcessError, SettingsError
from hallmark.engine import ephemeral as ephemeral_stack
from hallmark.engine.ephemeral import Inner, allowed_environment, ephemeral
from tests.doubles.server import REGION, running
from tests.support.aws.bucket import in_bucket
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
TOOLS = sorted(Path.home().glob(".cache/hallmark/tools/*/bin/pulumi"))
PATH = ":".join([str(Path(sys.executable).parent), *(str(tool.parent) for tool in TOOLS[:1]), os.environ["PATH"]])


@pytest.fixture
def inner(tmp_path: Path) -> Iterator[Inner]:
    for name in ("state", "made"):
        (tmp_path / name).mkdir()
    inner = Inner(
        project="hallmark-inner",
        name="debian-13-server-build",
        program="tests.support.aws.inner_program:program",
        arguments={"folder": str(tmp_path / "made")},
        backend=f"file://{tmp_path}/state",
        secrets_provider="passphrase",
        work=tmp_path / "work",
    )
    yield inner
    for pid in ephemeral_stack._processes(ephemeral_stack._mark_of(inner.lock)):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = os.environ.get("PULUMI_HOME") or str(Path.home() / ".pulumi")
    return {
        "PATH": PATH,
        "HOME": str(Path.home()),
        "PULUMI_HOME": home,
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
        "PULUMI_CONFIG": '{"hallmark:secret": "hunter2"}',
        "PULUMI_BACKEND_URL": "file:///nowhere",
        "SECRET_OF_OURS": "hunter2",
    }


def made(inner: Inner) -> list[str]:
    return sorted(path.name for path in Path(inner.arguments["folder"]).iterdir())


def state_files(inner: Inner) -> list[str]:
    """What is left in the backend of this stack, but for the project's own empty folders."""
    state = Path(inner.backend.removeprefix("file://")) / ".pulumi"
    return sorted(
        str(path.relative_to(state)) for path in state.rglob("*") if path.is_file() and inner.name in str(path)
    )


def assert_nothing_is_left(inner: Inner) -> None:
    assert made(inner) == []
    assert state_files(inner) == []
    assert [path.name for path in inner.work.iterdir()] == [inner.lock.name]
    assert ephemeral_stack._processes(ephemeral_stack._mark_of(inner.lock)) == []


def quiet(_text: str) -> None:
    pass


def test_what_others_put_in_the_way_goes_before_the_stack_does(inner: Inner, environment: dict[str, str]) -> None:
    said: list[str] = []
    clearing = inner.model_copy(update={"clearer": "tests.support.aws.inner_program:clear"})
    with ephemeral(clearing, environment, said.append):
        (Path(inner.arguments["folder"]) / "stranger").touch()
    assert said[-1] == "the stranger is gone"
    assert_nothing_is_left(inner)


def use(inner: Inner, environment: dict[str, str]) -> subprocess.Popen[str]:
    """A user of the stack as a process of its own, so that it can be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.aws.inner_user", inner.model_dump_json()],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_up(user: subprocess.Popen[str]) -> None:
    assert user.stdout is not None
    assert any(line == "up\n" for line in user.stdout)


def test_it_is_up_inside_the_block_and_gone_after_it(inner: Inner, environment: dict[str, str]) -> None:
    said: list[str] = []
    with ephemeral(inner, environment, said.append) as outputs:
        assert made(inner) == ["first", "second"]
        # Besides what takes a file's place at once there is nothing that a kill could cut short (file_backend.py).
        assert {Path(file).suffix for file in state_files(inner)} == {".json", ".bak"}
        assert outputs["first"] == f"{inner.arguments['folder']}/first"
        assert outputs["config"] == []
        seen = (Path(inner.arguments["folder"]) / "first").read_text().split()
    assert "SECRET_OF_OURS" not in seen
    assert any("created" in line for line in said)
    assert_nothing_is_left(inner)


def test_a_stack_that_cannot_be_brought_up_says_why_and_leaves_nothing(
    inner: Inner, environment: dict[str, str]
) -> None:
    failing = inner.model_copy(update={"arguments": {**inner.arguments, "fails": True}})
    message = r"(?s)inner stack debian-13-server-build: .*second cannot be made"
    with pytest.raises(ProcessError, match=message), ephemeral(failing, environment, quiet):
        raise AssertionError("it is not up")
    assert_nothing_is_left(inner)


def test_an_error_in_the_block_passes_on_after_the_teardown(inner: Inner, environment: dict[str, str]) -> None:
    with pytest.raises(ZeroDivisionError), ephemeral(inner, environment, quiet):
        raise ZeroDivisionError
    assert_nothing_is_left(inner)


def test_a_killed_user_s_stack_is_torn_down_by_its_run(inner: Inner, environment: dict[str, str]) -> None:
    user = use(inner, environment)
    wait_for_up(user)
    user.kill()
    user.wait()
    wait_until(lambda: not ephemeral_stack._processes(ephemeral_stack._mark_of(inner.lock)))
    assert_nothing_is_left(inner)


def test_what_a_killed_run_left_is_cleared_by_the_next(inner: Inner, environment: dict[str, str]) -> None:
    slow = inner.model_copy(update={"arguments": {**inner.arguments, "seconds": 60}})
    user = use(slow, environment)
    wait_until(lambda: made(inner) == ["first", "second"])
    for pid in ephemeral_stack._processes(ephemeral_stack._mark_of(inner.lock)):
        os.kill(pid, signal.SIGKILL)
    assert user.wait() != 0
    assert made(inner) == ["first", "second"]
    assert any("locks/" in name for name in state_files(inner))
    Path(inner.arguments["folder"], "second").unlink()  # no state knows it: the sweep by tags would remove it
    said: list[str] = []
    with ephemeral(inner, environment, said.append):
        assert made(inner) == ["first", "second"]
    assert "clearing what a killed run of debian-13-server-build left: 1 resources" in "\n".join(said)
    assert made(inner) == []
    assert state_files(inner) == []


def test_a_living_run_is_waited_for_then_ended(inner: Inner, environment: dict[str, str]) -> None:
    user = use(inner, environment)
    wait_for_up(user)
    said: list[str] = []
    with ephemeral(inner, environment, said.append, wait=1):
        assert made(inner) == ["first", "second"]
    assert said[0] == "an earlier run of debian-13-server-build is still alive; waiting up to 1 s for it to tear down"
    user.communicate()  # the end of its input ends its block
    assert user.returncode != 0
    assert made(inner) == []
    assert state_files(inner) == []


def test_an_engine_alone_that_was_killed_is_cleared_at_once(inner: Inner, environment: dict[str, str]) -> None:
    slow = inner.model_copy(update={"arguments": {**inner.arguments, "seconds": 60}})
    user = use(slow, environment)
    wait_until(lambda: made(inner) == ["first", "second"])
    stacks = Path(inner.backend.removeprefix("file://")) / ".pulumi/stacks" / inner.project
    (stacks / f"{inner.name}.json.18cf2a.tmp").touch()  # it was just about to write the state
    for pid in ephemeral_stack._processes(ephemeral_stack._mark_of(inner.lock)):
        if Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi":
            os.kill(pid, signal.SIGKILL)
    assert user.wait(120) != 0
    assert made(inner) == ["second"]  # again: what no state knows is the sweep's
    assert state_files(inner) == []


def kill_all_but_the_user(inner: Inner, environment: dict[str, str]) -> None:
    """A run that was in the middle of making `second` when it, its engine and its plugins were killed."""
    slow = inner.model_copy(update={"arguments": {**inner.arguments, "seconds": 60}})
    user = use(slow, environment)
    wait_until(lambda: made(inner) == ["first", "second"])
    for pid in ephemeral_stack._processes(ephemeral_stack._mark_of(inner.lock)):
        os.kill(pid, signal.SIGKILL)
    assert user.wait() != 0


def test_what_no_state_knows_of_a_killed_run_is_the_sweeper_s(inner: Inner, environment: dict[str, str]) -> None:
    inner = inner.model_copy(update={"sweeper": "tests.support.aws.inner_program:sweep"})
    kill_all_but_the_user(inner, environment)
    said: list[str] = []
    with ephemeral(inner, environment, said.append):
        assert made(inner) == ["first", "second"]
    assert {"removing first", "removing second"} <= set(said)
    assert_nothing_is_left(inner)  # the killed run's work folder included


def test_a_sweeper_that_fails_keeps_nothing_from_being_destroyed(inner: Inner, environment: dict[str, str]) -> None:
    inner = inner.model_copy(update={"sweeper": "tests.support.aws.inner_program:fail_to_sweep"})
    kill_all_but_the_user(inner, environment)
    said: list[str] = []
    with ephemeral(inner, environment, said.append):
        pass
    assert "not today" in said
    assert made(inner) == []


def test_a_run_that_ends_well_calls_no_sweeper(inner: Inner, environment: dict[str, str]) -> None:
    inner = inner.model_copy(update={"sweeper": "tests.support.aws.inner_program:fail_to_sweep"})
    said: list[str] = []
    with ephemeral(inner, environment, said.append):
        pass
    assert "not today" not in said
    assert_nothing_is_left(inner)


def test_a_killed_engine_s_plugins_are_ended_at_once(inner: Inner, environment: dict[str, str]) -> None:
    """They notice the engine's end only minutes later; nobody waits for them."""
    inner.work.mkdir()
    inner.lock.write_text("a-mark")
    plugin = subprocess.Popen(["sleep", "600"], env={"HALLMARK_EPHEMERAL": "a-mark", "PATH": "/usr/bin:/bin"})
    wait_until(lambda: ephemeral_stack._processes("a-mark") == [plugin.pid])
    said: list[str] = []
    with ephemeral(inner, environment, said.append):
        assert plugin.wait(10) == -signal.SIGKILL
    assert not [text for text in said if "still alive" in text]


def test_a_state_in_a_bucket_with_a_key_for_its_secrets(inner: Inner, environment: dict[str, str]) -> None:
    with running() as account:
        account.client("s3").create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": REGION})
        key = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
        there = inner.model_copy(
            update={"backend": in_bucket(account, "states"), "secrets_provider": f"awskms://{key}?region={REGION}"}
        )
        without = {name: value for name, value in environment.items() if not name.startswith("PULUMI_CONFIG")}
        with ephemeral(there, {**without, **account.environment()}, quiet):
            assert made(inner) == ["first", "second"]
            left = account.client("s3").list_objects_v2(Bucket="states")["Contents"]
            assert any(one["Key"].endswith(f"{inner.name}.json") for one in left)
        left = account.client("s3").list_objects_v2(Bucket="states")["Contents"]
        assert [one["Key"] for one in left if inner.name in one["Key"]] == []
        assert "Encrypt" in account.actions()
    assert_nothing_is_left(inner)


# Without an engine


def test_in_pulumi_cloud_a_stack_is_named_with_the_outer_one_s_organization(inner: Inner) -> None:
    assert inner.stack == inner.name
    there = inner.model_copy(update={"backend": "https://api.pulumi.com", "organization": "team"})
    assert there.stack == "team/hallmark-inner/debian-13-server-build"


def test_the_run_sees_an_allow_list_of_the_environment(environment: dict[str, str]) -> None:
    allowed = allowed_environment({**environment, "AWS_PROFILE": "x", "PULUMI_CONFIG_SECRET_KEYS": "[]"})
    assert sorted(allowed) == ["AWS_PROFILE", "HOME", "PATH", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_HOME"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"backend": "file://state"}, "expected an absolute backend URL, got file://state"),
        ({"backend": "file://~/state"}, "expected an absolute backend URL"),
        ({"backend": "state"}, "expected an absolute backend URL"),
        ({"name": "a b"}, "expected letters, digits, dots, _ and -"),
        ({"program": "os.system"}, "expected a program as module:function, got os.system"),
        ({"sweeper": "os.system"}, "expected a program as module:function, got os.system"),
        ({"organization": "a/b"}, "expected an organization's name, got a/b"),
        ({"work": "work"}, "expected an absolute work folder, got work"),
    ],
)
def test_what_depends_on_where_it_runs_is_refused(inner: Inner, change: dict[str, str], message: str) -> None:
    wrong = Inner(**{**json.loads(inner.model_dump_json()), **change})
    with pytest.raises(SettingsError, match=f"^inner stack .*: {message}"):
        wrong.check()
