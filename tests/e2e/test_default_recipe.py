"""The default recipe, whole: from nothing but a mirror to a released image that a person signs in to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from debian.debian_support import NativeVersion

from hallmark.common.containment import writing
from hallmark.common.process import Completed, run
from hallmark.config.recipe import Recipe, load_recipe
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.lock import load_lock
from hallmark.debian.mirror import find_mirror
from hallmark.evidence.summary import load_summary
from hallmark.order.order import Order
from hallmark.store.image import Image
from hallmark.verdict.judgement import judge
from hallmark.verdict.observed import read_controls, read_inventory, read_timings
from tests.e2e.checkout import Checkout, Finished, Running
from tests.e2e.conftest import MakeCheckout
from tests.support.waiting import wait_until

NAME = "debian-13-server"
EVIDENCE = {
    "index.md",
    "summary.json",
    "order.json",
    "patch-lock.json",
    "recipe.toml",
    "build-console.log",
    "acceptance-console.log",
    *(
        f"build/{name}"
        for name in (
            "exit",
            "stage",
            "media",
            "guest.log",
            "timings.tsv",
            "isolation.txt",
            "isolation-after.txt",
            "inventory-before.tsv",
            "inventory-patched.tsv",
            "inventory-after.tsv",
        )
    ),
    *(
        f"acceptance/{boot}{name}"
        for boot in ("first-boot/", "")
        for name in (
            "exit",
            "stage",
            "media",
            "guest.log",
            "timings.tsv",
            "isolation.txt",
            "inventory-acceptance.tsv",
            "facts/kernel",
            "facts/machine-id",
            "facts/host-keys",
            "facts/listening",
        )
    ),
}


@pytest.fixture(scope="module")
def server(make_scratch: MakeCheckout) -> Checkout:
    """A scratch checkout as cloned, but for a base cache of its own: it has no base yet."""
    checkout = make_scratch("server")
    (checkout.cache / "bases").unlink()
    checkout.configure(recipes=None)
    return checkout


@pytest.fixture(scope="module")
def killed_in_media(server: Checkout) -> Finished:
    """The engine is killed as soon as the patch media are begun."""
    under_way = server.start("up")
    under_way.wait_for(f"{NAME}-patch-media creating", timeout=300)
    _kill_engine(server)
    return under_way.wait(timeout=60)


@pytest.fixture(scope="module")
def killed_in_base(server: Checkout, killed_in_media: Finished) -> Finished:
    """The engine is killed while mmdebstrap makes the base."""
    assert killed_in_media.code == 1, killed_in_media.text
    assert server.leftovers() == []
    under_way = server.start("up")
    wait_until(lambda: server.running("mmdebstrap"), 120)
    _kill_engine(server)
    return under_way.wait(timeout=60)


def _kill_engine(server: Checkout) -> None:
    for pid in server.named("pulumi"):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def built(server: Checkout, killed_in_base: Finished) -> Finished:
    assert killed_in_base.code == 1, killed_in_base.text
    assert server.leftovers() == []
    return server.up()


@pytest.fixture(scope="module")
def image(server: Checkout, built: Finished) -> Image:
    assert built.code == 0, built.text
    target = server.store.channel_target(NAME, "stable")
    assert target is not None
    return target


@pytest.fixture(scope="module")
def order(image: Image) -> Order:
    return Order.model_validate_json((image.evidence / "order.json").read_text())


@pytest.fixture(scope="module")
def recipe(server: Checkout) -> Recipe:
    return load_recipe(server.root / "recipes" / f"{NAME}.toml")


def test_runs_killed_while_media_and_base_are_made_leave_nothing_behind(
    server: Checkout, killed_in_media: Finished, killed_in_base: Finished, built: Finished
) -> None:
    assert "was ended by signal 9" in killed_in_media.text
    assert "was ended by signal 9" in killed_in_base.text
    assert built.code == 0, built.text
    assert [path.name for path in (server.cache / "bases").iterdir() if path.name.startswith(".")] == []


def test_the_default_recipe_is_built_tested_and_released(server: Checkout, built: Finished, image: Image) -> None:
    assert built.machines == [f"{NAME}-acceptance accept", f"{NAME}-build build"]
    assert image.state == "accepted"
    outputs = server.outputs()["images"][NAME]
    assert outputs == {
        "id": image.id,
        "disk": str(image.disk),
        "evidence": str(image.evidence),
        "channel": "stable",
        "accepted": True,
    }


def test_the_progress_counts_packages_and_controls(order: Order, built: Finished) -> None:
    assert f" of {len(order.lock.packages)}: " in built.text
    assert f"of {len(order.plan)}: apply " in built.text
    assert f"of {len(order.plan)}: check " in built.text


def test_the_evidence_is_complete(order: Order, image: Image) -> None:
    files = {path.relative_to(image.evidence).as_posix() for path in image.evidence.rglob("*") if path.is_file()}
    assert files >= EVIDENCE
    for row in order.plan:
        assert f"build/controls/{row.id}.out" in files
        assert f"acceptance/controls/{row.id}.out" in files
    index = (image.evidence / "index.md").read_text()
    # By itself, or by the folder that it is in.
    assert [
        f for f in sorted(EVIDENCE - {"index.md"}) if f"({f})" not in index and f"({Path(f).parent}/)" not in index
    ] == []
    assert image.sha256 in index


def test_no_way_in_or_out_was_found(image: Image) -> None:
    acceptance = ("acceptance/first-boot/isolation.txt", "acceptance/isolation.txt")
    for name in ("build/isolation.txt", "build/isolation-after.txt", *acceptance):
        proof = (image.evidence / name).read_text()
        assert "interfaces besides lo: none" in proof
        assert "routes: none" in proof
        assert "name resolution: none" in proof
        assert proof.count("connection to ") == 7
        assert "SURPRISE" not in proof


def test_what_is_installed_is_base_and_lock_and_nothing_else(order: Order, image: Image) -> None:
    after = read_inventory(image.evidence / "build/inventory-after.tsv")
    assert set(after) <= set(order.expected())
    versions = {name: version for name, version, _ in after}
    brought = {package.name: package.to_version for package in order.lock.packages}
    removed = set(brought) - set(versions)
    assert {name: versions[name] for name in brought if name not in removed} == {
        name: version for name, version in brought.items() if name not in removed
    }
    assert read_inventory(image.evidence / "acceptance/inventory-acceptance.tsv") == after
    assert image.packages == len(after)


def test_whatever_the_archive_has_newer_than_the_base_is_in_the_lock(image: Image, shared_cache: Path) -> None:
    """Judged by the archive's own lists. How many patches are outstanding is Debian's affair: after a release, none.

    The judges' packages come from another release; its lists lie in the same folder and do not count here.
    """
    newest: dict[str, NativeVersion] = {}
    root = PrivateRoot(shared_cache, find_mirror(None, None))
    lists = [path for suite in root.suites for path in (root.shared / "lists").glob(f"*_dists_{suite}_*_Packages")]
    assert len(lists) >= len(root.suites)
    for path in lists:
        for stanza in path.read_text().split("\n\n")[:-1]:
            fields = dict(re.findall(r"^(Package|Version): (.+)$", stanza, re.MULTILINE))
            version = NativeVersion(fields["Version"])
            newest[fields["Package"]] = max(version, newest.get(fields["Package"], version))
    before = read_inventory(image.evidence / "build/inventory-before.tsv")
    outstanding = {name for name, version, _ in before if name in newest and newest[name] > NativeVersion(version)}
    lock = load_lock(image.evidence / "patch-lock.json")
    assert {package.name for package in lock.packages if package.from_version} == outstanding
    index = (image.evidence / "index.md").read_text()
    for package in lock.packages:
        assert package.label in index or f"{package.name} " in index
        assert not package.cves or package.cves[0] in index


@pytest.mark.parametrize("phase", ["build", "acceptance/first-boot", "acceptance"])
def test_every_planned_control_was_judged(order: Order, image: Image, phase: str) -> None:
    results = read_controls(image.evidence / phase / "controls")
    assert set(results) == {row.id for row in order.plan}
    verdict = judge(order.compiled_plan(), results)
    assert verdict.good, verdict.summary()
    assert len(verdict.passed) + len(verdict.not_applicable) == len(order.plan)


def test_the_tools_of_others_judged_it(recipe: Recipe, image: Image) -> None:
    summary = load_summary(image.evidence)
    assert summary is not None
    judged = {each.label: each for each in summary.judges}
    assert list(judged) == [each.label for each in recipe.judge] == ["ssh-audit"]
    for asked in recipe.judge:
        assert (judged[asked.label].counted or 0) >= asked.least_score
        assert (image.evidence / "acceptance" / "judges" / asked.label / "exit").read_text() == "0\n"
    assert judged["ssh-audit"].failed == ()
    assert judged["ssh-audit"].passed > 10


def test_each_step_was_timed(image: Image) -> None:
    steps = ["power-on", "isolation", "patch", "harden", "boot-files", "seal", "check"]
    assert list(read_timings(image.evidence / "build/timings.tsv")) == steps


@pytest.mark.parametrize("boot", ["acceptance/first-boot", "acceptance"])
def test_it_booted_as_a_new_machine_with_the_newest_kernel(image: Image, boot: str) -> None:
    facts = image.evidence / boot / "facts"
    assert (facts / "system-state").read_text().strip() == "running"
    assert (facts / "kernel").read_text() == (facts / "kernels").read_text().splitlines(keepends=True)[-1]
    assert len((facts / "host-keys").read_text().splitlines()) >= 1


def test_what_it_made_in_its_first_boot_outlived_the_restart(image: Image) -> None:
    first, second = (image.evidence / boot / "facts" for boot in ("acceptance/first-boot", "acceptance"))
    assert (first / "started").read_text() < (second / "started").read_text()
    for name in ("machine-id", "host-keys"):
        assert (first / name).read_text() == (second / name).read_text()


def test_show_tells_all_about_it_as_json(server: Checkout, image: Image) -> None:
    done = server.hallmark("show", NAME, "--json")
    assert done.code == 0, done.text
    shown = json.loads(done.text)
    assert (shown["id"], shown["state"], shown["channels"]) == (image.id, "accepted", ["stable"])
    assert shown["disk"] == str(image.disk)
    assert set(shown["files"]) >= EVIDENCE


# Signing in


@dataclass(frozen=True, kw_only=True)
class Session:
    """A booted image, and the words that `hallmark run` gave for signing in."""

    words: list[str]
    password: str
    running: Running

    def run(self, *command: str, options: tuple[str, ...] = (), stdin: bytes = b"") -> Completed:
        """Run a command in it by SSH."""
        settings = [word for option in ("BatchMode=yes", "ConnectTimeout=90", *options) for word in ("-o", option)]
        words = [self.words[0], *settings, *self.words[1:], *command]
        return run(words, timeout=180, check=False, stdin=stdin, reach=writing(network=True))


@pytest.fixture(scope="module")
def session(server: Checkout, image: Image) -> Iterator[Session]:
    running = server.start("run", NAME, "--json", "--publish", "0:22")
    try:
        running.wait_for('"ports": {', "}\n}", timeout=600)
        text = running.text
        told: dict[str, Any] = json.JSONDecoder().raw_decode(text[text.index('{\n  "id"') :])[0]
        assert told["id"] == image.id
        with socket.create_connection(("127.0.0.1", told["ports"]["22/tcp"]), timeout=90) as published:
            assert published.recv(4) == b"SSH-"
        key = Path(told["key"])
        yield Session(words=told["ssh"], password=(key.parent / "password").read_text().strip(), running=running)
    finally:
        running.kill()


def test_the_administrator_signs_in_with_the_key_that_was_made(session: Session, recipe: Recipe) -> None:
    done = session.run("whoami")
    assert (done.returncode, done.stdout.strip()) == (0, recipe.administrators[0]), done.stderr


def test_sudo_asks_the_administrator_for_the_password(session: Session) -> None:
    without = session.run("sudo -n true")
    assert without.returncode != 0
    assert "password is required" in without.stderr
    given = session.run("sudo -S -p '' whoami", stdin=f"{session.password}\n".encode())
    assert (given.returncode, given.stdout.strip()) == (0, "root"), given.stderr


def test_a_password_does_not_sign_in(session: Session) -> None:
    done = session.run(
        "true", options=("PubkeyAuthentication=no", "PreferredAuthentications=password,keyboard-interactive")
    )
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_root_does_not_sign_in(session: Session, recipe: Recipe) -> None:
    words = [word.replace(f"{recipe.administrators[0]}@", "root@") for word in session.words]
    as_root = Session(words=words, password="", running=session.running)
    assert as_root.run("true").returncode == 255


def test_an_interrupt_ends_the_machine_and_leaves_nothing(server: Checkout, session: Session) -> None:
    session.running.process.send_signal(signal.SIGINT)
    done = session.running.wait(timeout=60)
    assert done.code == 0, done.text
    assert done.text.rstrip().endswith("hallmark: the machine and all its changes are gone")
    assert server.leftovers() == []
    assert server.half_made() == []
