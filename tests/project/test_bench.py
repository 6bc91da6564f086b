"""The benchmarks' arithmetic and what they make of the engine's and the kernel's words; nothing is timed here."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from bench import __main__ as command
from bench.behind import lowered
from bench.build import initramfs_problems, repository_index
from bench.controls import compile_seconds, copied_controls, share_of_guest_time
from bench.ebs import Series, speed
from bench.ebs_client import make_disk, run_upload
from bench.fresh import read_steps, split, yaml_config
from bench.measurement import Measurement, not_taken, processor_ratio, ratio, shares, table, to_json, write_results
from bench.memory import descendants, parse_pss, sample
from bench.unchanged import alternate
from hallmark.aws.ebs.blocks import BLOCK
from hallmark.common.checkout import ROOT
from hallmark.common.errors import ProcessError
from hallmark.config.recipe import load_recipe
from tests.support.good_results import write


def test_a_ratio_is_of_medians_and_keeps_both_series() -> None:
    found = ratio("up", "ours against theirs", [9.0, 2.0, 3.0], [2.0, 1.0, 50.0], target=2.0, note="x")
    assert found.value == 1.5
    assert found.met
    assert found.details["ours"] == [9.0, 2.0, 3.0]
    assert found.details["theirs"] == [2.0, 1.0, 50.0]
    assert found.details["note"] == "x"


def test_a_ratio_of_nothing_is_no_measurement() -> None:
    with pytest.raises(ValueError, match="up: expected at least one run of each side"):
        ratio("up", "", [], [1.0], target=2.0)


@pytest.mark.parametrize(("value", "target", "met"), [(2.0, 2.0, True), (2.01, 2.0, False), (99.0, None, True)])
def test_a_target_is_the_most_that_a_value_may_be(value: float, target: float | None, met: bool) -> None:
    assert Measurement(name="m", what="w", value=value, unit="x", target=target).met is met


def test_shares_add_up_to_the_whole() -> None:
    found = shares("run", {"base": 30.0, "build": 60.0, "release": 10.0})
    assert [(each.name, each.value) for each in found] == [
        ("run: base", 30.0),
        ("run: build", 60.0),
        ("run: release", 10.0),
    ]
    assert shares("run", {"base": 0.0})[0].value == 0.0


def test_results_are_kept_as_json_with_the_target_beside_the_value(tmp_path: Path) -> None:
    missed = Measurement(name="boot", what="golden against base", value=1.3, unit="x", target=1.15)
    path = write_results([missed], root=tmp_path, when=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert path == tmp_path / "bench/results/20260102T030405Z.json"
    kept = json.loads(path.read_text())["measurements"][0]
    assert (kept["name"], kept["value"], kept["target"], kept["met"]) == ("boot", 1.3, 1.15, False)
    assert json.loads(to_json([], root=tmp_path, when=datetime.now(UTC)))["measurements"] == []


def test_the_table_has_a_row_for_each_measurement() -> None:
    assert table([Measurement(name="memory", what="peak", value=250.0, unit="MiB", target=300.0)]).row_count == 1


def test_runs_alternate_and_the_first_pair_only_warms_up() -> None:
    order: list[str] = []
    ours, theirs = alternate(lambda: order.append("a"), lambda: order.append("b"), runs=2, say=lambda _: None)
    assert order == ["a", "b"] * 3
    assert (len(ours), len(theirs)) == (2, 2)


def _event(kind: str, step: str, when: int, *, op: str = "create") -> str:
    meta = {"op": op, "type": f"pulumi-python:dynamic/hallmark:{step}"}
    return json.dumps({"timestamp": when, kind: {"metadata": meta}})


def test_steps_are_read_from_the_engines_events() -> None:
    lines = [
        json.dumps({"timestamp": 100, "preludeEvent": {}}),
        _event("resourcePreEvent", "Base", 104),
        _event("resOutputsEvent", "Base", 164),
        _event("resourcePreEvent", "ImageBuild", 164),
        _event("resourcePreEvent", "Release", 165, op="same"),
        _event("resOutputsEvent", "ImageBuild", 464),
    ]
    assert read_steps(lines) == {"settings, base plan, patch lock": 4, "Base": 60, "ImageBuild": 300}


def test_a_step_with_a_guest_is_split_into_its_stages() -> None:
    steps = split({"Base": 60, "ImageBuild": 300, "Release": 1}, 400.0, {"build": {"power-on": 40.0, "patch": 200.0}})
    assert steps == {
        "base": 60,
        "build: power-on": 40.0,
        "build: patch": 200.0,
        "build: the host's part": 60.0,
        "release": 1,
        "engine": 39.0,
    }


def _process(proc: Path, pid: int, parent: int, words: list[str], mib: int) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "stat").write_text(f"{pid} (a) b) S {parent} 1 1")
    (folder / "cmdline").write_text("\0".join([*words, ""]))
    (folder / "smaps_rollup").write_text(f"0-1 [rollup]\nRss: 99999 kB\nPss: {mib * 1024} kB\nPss_Anon: 5 kB\n")


def test_memory_is_that_of_the_whole_tree_without_the_guests(tmp_path: Path) -> None:
    _process(tmp_path, 10, 1, ["/x/pulumi", "up"], 100)
    _process(tmp_path, 11, 10, ["/v/python3", "-u", "-m", "pulumi.dynamic"], 50)
    _process(tmp_path, 12, 11, ["/usr/bin/qemu-system-x86_64", "-m", "1024"], 900)
    _process(tmp_path, 13, 11, ["/usr/bin/qemu-img", "convert"], 30)
    _process(tmp_path, 14, 1, ["/bin/other"], 500)
    assert sorted(descendants(10, tmp_path)) == [10, 11, 12, 13]
    found = sample(10, proc=tmp_path)
    assert found.mib == 180
    assert dict(found.parts) == {"pulumi": 100, "pulumi.dynamic": 50, "qemu-img": 30}


def test_a_process_that_has_no_memory_counts_nothing() -> None:
    assert parse_pss("") == 0.0


def test_the_naive_repository_index_names_each_deb() -> None:
    assert repository_index({"a_1.deb": ("Package: a\nVersion: 1\n", 7, "ff")}) == (
        "Package: a\nVersion: 1\nFilename: ./debs/a_1.deb\nSize: 7\nSHA256: ff\n\n"
    )


def test_a_package_that_is_set_back_needs_its_own_source_set_back_too() -> None:
    control = "Version: 1:2-3\nDepends: libx (= 1:2-3), libc6 (>= 2.38)\nBreaks: y (<< 1:2-3)\n"
    for old, new in lowered("1:2-3").items():
        control = control.replace(old, new)
    assert control == "Version: 1:2-3~\nDepends: libx (= 1:2-3~), libc6 (>= 2.38)\nBreaks: y (<< 1:2-3~)\n"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("initrd.img-6.12.10\n", []),
        ("", ["expected one initial RAM disk, got none"]),
        ("initrd.img-6.9\ninitrd.img-6.12", ["expected one initial RAM disk, got initrd.img-6.9, initrd.img-6.12"]),
        ("initrd.img-6\n/etc/modprobe.d/usb.conf", ["/etc/modprobe.d/usb.conf: younger than the initial RAM disk"]),
    ],
)
def test_initial_ram_disks_must_be_one_that_knows_of_the_hardening(text: str, problems: list[str]) -> None:
    assert initramfs_problems(text) == problems


def test_an_unknown_measurement_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["nonsense"])
    told = capsys.readouterr().err
    assert "nonsense: expected one of unchanged, controls, boot, build, drift, ebs, aws, judges, fresh" in told


def test_an_interrupt_ends_it_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_stack: str) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "open_site", interrupted)
    assert command.main(["drift"]) == 130
    assert capsys.readouterr().err == "bench: interrupted; nothing was kept\n"


def test_a_stacks_configuration_keeps_its_types() -> None:
    values = {"hallmark:recipes": '["a"]', "hallmark:parallel": "0", "hallmark:base": "{}", "hallmark:store": "/a b"}
    assert yaml_config(values) == (
        'config:\n  hallmark:recipes: ["a"]\n  hallmark:parallel: 0\n  hallmark:base: {}\n  hallmark:store: "/a b"\n'
    )


def test_processor_time_is_compared_by_medians() -> None:
    assert processor_ratio([96.2], [101.5]) == 0.948


def test_what_was_not_taken_is_neither_met_nor_missed() -> None:
    found = not_taken("speed", "ours against theirs", unit="x", target=1.0, why="theirs is not installed")
    assert found.met is None
    assert [list(column.cells) for column in table([found]).columns][2:] == [
        [""],
        ["≤ 1"],
        ["NOT TAKEN"],
        ["theirs is not installed"],
    ]
    kept = json.loads(to_json([found], root=Path(), when=datetime.now(UTC)))["measurements"][0]
    assert (kept["value"], kept["met"]) == (None, None)


def test_an_upload_is_measured_from_the_endpoints_side(tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk.raw", size=40 * BLOCK, written=[0, 7, 39], zeros=[3])
    run = run_upload(disk)
    assert disk.written == (0, 7, 39)
    assert (run.report.puts, run.report.blocks, run.report.changed) == (3, 3, 3)
    assert run.report.checksum == disk.checksum
    assert run.memory > 10
    half = replace(run, report=replace(run.report, puts=500, seconds=1.0), cpu=1.0)
    found = speed("a disk", Series(disk=disk, runs=[half]))
    assert (found.value, found.met) == (2.0, False)
    assert found.details["note"] == "500 blocks a second, 50% of the quota; 2.00 ms of processor time a block"


def test_an_upload_of_something_else_is_no_measurement(tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk.raw", size=8 * BLOCK, written=[1])
    for other in (replace(disk, checksum="another"), replace(disk, written=(2,))):
        with pytest.raises(ProcessError, match=r"expected 1 blocks with the checksum .*, got Report\(puts=1"):
            run_upload(other)


def test_an_upload_that_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk.raw", size=8 * BLOCK, written=[1])
    disk.path.unlink()
    with pytest.raises(ProcessError, match=r"upload of .*disk\.raw ended with 1:\n(.*\n)*.*disk\.raw: expected"):
        run_upload(disk)


def test_a_plan_is_measured_with_as_many_controls_as_are_asked_for(tmp_path: Path) -> None:
    there = sum(path.is_dir() for path in (ROOT / "image_scripts/controls").iterdir())
    (tmp_path / "controls").mkdir()
    folder = copied_controls(ROOT / "image_scripts/controls", tmp_path / "controls", there + 3)
    assert len(list(folder.iterdir())) == there + 3
    facts = load_recipe(ROOT / "recipes/debian-13-server.toml").facts
    assert compile_seconds(folder, facts) > 0


def test_the_share_of_the_controls_is_of_the_time_from_power_on_to_the_end(tmp_path: Path) -> None:
    write(tmp_path / "timings.tsv", "isolation\t10\npatch\t20\nharden\t60\nseal\t80\ncheck\t85\ndone\t100\n")
    for name, took in (("a", 5), ("b", 9)):
        write(tmp_path / "controls" / f"{name}.exit", "0\n")
        write(tmp_path / "controls" / f"{name}.ms", f"{took}\n")
    found = share_of_guest_time(tmp_path, "web")
    assert (found.value, found.unit, found.met) == (35.0, "%", False)
    assert list(found.details["checks_ms"].items()) == [("b", 9), ("a", 5)]
