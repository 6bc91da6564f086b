"""image_scripts/controls.sh, the guest's runner of controls, with controls made up for the purpose."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "image_scripts"


class Machine:
    """Scripts, plan and results of a pretended guest."""

    def __init__(self, root: Path) -> None:
        self.scripts, self.plan, self.results = root / "scripts", root / "plan", root / "results"
        (self.scripts / "controls").mkdir(parents=True)
        (self.plan / "env").mkdir(parents=True)
        self.console = root / "console"
        for name in ("lib.sh", "lib.py", "pam.py", "controls.sh", "run_checks.py"):
            shutil.copy(SCRIPTS / name, self.scripts / name)
        for name in ("plan", "waived"):
            (self.plan / name).touch()

    def add(self, name: str, apply: str = "exit 0", check: str = "exit 0", env: str = "", waived: bool = False) -> None:
        folder = self.scripts / "controls" / name
        folder.mkdir()
        (folder / "apply.sh").write_text(f"set -eu\n{apply}\n")
        (folder / "check.sh").write_text(f"set -eu\n{check}\n")
        (self.plan / "env" / name).write_text(env)
        for listing in ("plan", "waived") if waived else ("plan",):
            with (self.plan / listing).open("a") as stream:
                stream.write(f"{name}\n")

    def add_python(self, name: str, text: str, env: str = "") -> None:
        self.add(name, env=env)
        check = self.scripts / "controls" / name / "check.py"
        check.with_suffix(".sh").unlink()
        check.write_text(text)

    def run(self, what: str, seconds: int = 20) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": "/usr/bin:/bin",
            "SECRET": "of the outer world",
            "HALLMARK_PHASE": "build",
            "HALLMARK_SCRIPTS": str(self.scripts),
            "HALLMARK_PLAN": str(self.plan),
            "HALLMARK_MEDIA": "/media",
            "HALLMARK_CONSOLE": str(self.console),
            "HALLMARK_CONTROL_SECONDS": str(seconds),
        }
        words = ["/bin/sh", str(self.scripts / "controls.sh"), what, str(self.results)]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def codes(self) -> dict[str, int]:
        return {path.stem: int(path.read_text()) for path in sorted(self.results.glob("*.exit"))}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_every_check_runs_and_reports_whatever_it_says(machine: Machine) -> None:
    machine.add("a", check="echo fine")
    machine.add("b", check="echo wrong; exit 1")
    machine.add("c", check="exit 3")
    machine.add("d", check="exit 42")
    machine.add("e", check="no-such-program")
    assert machine.run("check").returncode == 0
    assert machine.codes() == {"a": 0, "b": 1, "c": 3, "d": 42, "e": 127}
    assert (machine.results / "b.out").read_text() == "wrong\n"
    assert all(path.read_text().strip().isdigit() for path in machine.results.glob("*.ms"))


PYTHON = """
from lib import Context, NotApplicable
def check(context: Context) -> str:
    WHAT
    return "fine"
"""


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("context.note(context.text('word'))", 0, "two words\nPASS fine\n"),
        ("context.finding('open')", 1, "FAIL open\n1 finding(s)\n"),
        ("raise NotApplicable('not here')", 3, "NOT APPLICABLE not here\n"),
        ("raise OSError('no disk')", 2, "no disk"),
        ("import time; time.sleep(30)", 124, "FAIL the check took too long\n"),
    ],
)
def test_checks_in_python_report_as_those_in_shell_do(machine: Machine, what: str, code: int, says: str) -> None:
    machine.add_python("a", PYTHON.replace("WHAT", what), env="HM_WORD='two words'\n")
    machine.add("b")
    assert machine.run("check", seconds=2).returncode == 0
    assert machine.codes() == {"a": code, "b": 0}
    assert says in (machine.results / "a.out").read_text()


WAITS = """
import time
from pathlib import Path
def check(context):
    Path("MINE").touch()
    while not Path("OTHERS").exists():
        time.sleep(0.01)
    return "both were here"
"""


def test_checks_in_python_run_side_by_side(machine: Machine, tmp_path: Path) -> None:
    mine, others = str(tmp_path / "mine"), str(tmp_path / "others")
    machine.add_python("a", WAITS.replace("MINE", mine).replace("OTHERS", others))
    machine.add_python("b", WAITS.replace("OTHERS", mine).replace("MINE", others))
    machine.run("check", seconds=10)
    assert machine.codes() == {"a": 0, "b": 0}


def test_a_check_in_python_that_ends_its_process_has_no_result_and_is_told(machine: Machine) -> None:
    for name in "abcde":
        machine.add_python(name, PYTHON.replace("WHAT", "import os; os._exit(7)" if name == "c" else "pass"))
    done = machine.run("check")
    assert machine.codes() == {"a": 0, "b": 0, "d": 0, "e": 0}
    assert done.stderr == "run_checks.py ended with exit code 1; what it left out has no result\n"


def test_a_check_in_python_that_cannot_be_loaded_is_an_error(machine: Machine) -> None:
    machine.add_python("a", "def check(:\n")
    machine.add_python("b", PYTHON.replace("WHAT", "pass"))
    assert machine.run("check").returncode == 0
    assert machine.codes() == {"a": 2, "b": 0}
    assert "SyntaxError" in (machine.results / "a.out").read_text()


def test_apply_stops_at_the_first_control_that_fails_and_names_it(machine: Machine) -> None:
    machine.add("a")
    machine.add("b", apply="echo no room; exit 7")
    machine.add("c")
    done = machine.run("apply")
    assert done.returncode == 1
    assert done.stderr == "control b: apply failed with exit code 7\nno room\n"
    assert machine.codes() == {"a": 0, "b": 7}


def test_a_waived_control_is_not_applied_but_checked(machine: Machine) -> None:
    machine.add("a", apply="exit 1", check="exit 1", waived=True)
    machine.add("b")
    assert machine.run("apply").returncode == 0
    assert machine.codes() == {"b": 0}
    assert machine.run("check").returncode == 0
    assert machine.codes() == {"a": 1, "b": 0}


def test_a_control_that_hangs_is_ended(machine: Machine) -> None:
    machine.add("a", check="sleep 50")
    machine.add("b")
    machine.run("check", seconds=1)
    assert machine.codes() == {"a": 124, "b": 0}


def test_a_control_finds_its_values_and_nothing_of_the_outer_world(machine: Machine) -> None:
    machine.add("a", check="pwd; env | sort", env="HM_WORDS='a  b'\n")
    machine.run("check")
    text = (machine.results / "a.out").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("PWD=", "OLDPWD=", "HALLMARK_SHARED="))]
    assert lines == [
        "/",
        "DEBIAN_FRONTEND=noninteractive",
        f"HALLMARK_CONTROL={machine.scripts}/controls/a",
        "HALLMARK_MEDIA=/media",
        "HALLMARK_PHASE=build",
        f"HALLMARK_PLAN={machine.plan}",
        f"HALLMARK_SCRIPTS={machine.scripts}",
        f"HALLMARK_TABLE={machine.plan}/table/a",
        "HM_WORDS=a  b",
        "LC_ALL=C.UTF-8",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    ]


def test_checks_in_shell_and_in_python_read_the_same_table(machine: Machine) -> None:
    read = 'while IFS="$TAB" read -r key value reason; do echo "$key=$value ($reason)"; done <"$HALLMARK_TABLE"'
    machine.add("a", check=f'. "$HALLMARK_SCRIPTS/lib.sh"; {read}')
    machine.add_python("b", "def check(context):\n    return str(context.rows())\n")
    (machine.plan / "table").mkdir()
    for name in "ab":
        (machine.plan / "table" / name).write_text("x.y\ttwo words\t-\nz\t2\tas it is needed\n")
    machine.run("check")
    assert (machine.results / "a.out").read_text() == "x.y=two words (-)\nz=2 (as it is needed)\n"
    assert (machine.results / "b.out").read_text() == "PASS [('x.y', 'two words'), ('z', '2')]\n"


def test_what_checks_of_a_row_ask_for_is_asked_once(machine: Machine, tmp_path: Path) -> None:
    asked = (
        f'. "$HALLMARK_SCRIPTS/lib.sh"; ask() {{ echo x >>{tmp_path}/asked; echo fine; }}; once name ask; once name ask'
    )
    failing = '. "$HALLMARK_SCRIPTS/lib.sh"; once other false || once other echo better'
    for name, check in (("ssh-access", asked), ("ssh-crypto", asked), ("ssh-host-keys", failing)):
        machine.add(name, check=check)
    machine.run("check")
    assert (tmp_path / "asked").read_text() == "x\n"
    assert (machine.results / "ssh-crypto.out").read_text() == "fine\nfine\n"
    assert (machine.results / "ssh-host-keys.out").read_text() == "better\n"


def test_rows_of_checks_name_controls_and_those_that_walk_the_disk_share_one() -> None:
    spec = importlib.util.spec_from_file_location("run_checks", SCRIPTS / "run_checks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr(sys, "dont_write_bytecode", True)
        spec.loader.exec_module(module)
    folders = SCRIPTS / "controls"
    named = [control for row in module.TOGETHER for control in row]
    assert [control for control in named if not (folders / control).is_dir()] == []
    assert len(named) == len(set(named))
    walkers = {path.parent.name for path in folders.glob("*/check.py") if "all_of_root" in path.read_text()}
    assert walkers <= set(module.TOGETHER[0])
    assert module.in_groups(["ssh-crypto", "a", "apt-sources", "ssh-access"]) == [
        ["apt-sources"],
        ["ssh-access", "ssh-crypto"],
        ["a"],
    ]


def test_one_controls_values_are_not_anothers(machine: Machine) -> None:
    machine.add("a", env="HM_X=1\n")
    machine.add("b", check='echo "${HM_X-unset}"')
    machine.run("check")
    assert (machine.results / "b.out").read_text() == "unset\n"


def test_what_a_control_prints_is_capped(machine: Machine) -> None:
    machine.add("a", check="head -c 1000000 /dev/zero")
    machine.run("check")
    assert (machine.results / "a.out").stat().st_size == 65536


def test_progress_is_shown_on_the_console(machine: Machine) -> None:
    machine.console.touch()
    machine.add("a")
    machine.run("check")
    assert machine.console.read_text() == "::hallmark:: progress controls 1 1 check a\n"
