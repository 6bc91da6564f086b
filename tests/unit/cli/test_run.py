"""`hallmark run`: which image it boots, and as whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hallmark.cli import run
from hallmark.local import trial as machine
from hallmark.local.forward import Forward
from hallmark.store.image import Image
from hallmark.store.store import Store
from tests.support.command_line import call, hallmark, store, the

__all__ = ["store"]


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
    (the(store, "newer").evidence / "recipe.toml").write_text(
        'administrators = ["alice"]\nlisten = ["22/tcp", "80/tcp", "443/tcp", "514/udp"]\n'
    )
    data = store.root / "data"
    data.write_text("#cloud-config\n")
    words = ("--publish", "8080:80", "--publish", "0:9000/udp", "--data", str(data), "--store", str(store.root))
    call("run", the(store, "newer").id, *words)
    assert booted[2][2] == machine.TrialOptions(
        forwards=(
            Forward(host=8080, guest=80),
            Forward(host=0, guest=9000, protocol="udp"),
            Forward(host=0, guest=443),
            Forward(host=0, guest=514, protocol="udp"),
        ),
        data=b"#cloud-config\n",
    )


def test_where_each_port_leads_is_said_to_people_and_as_json(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def boot(
        _store: Store, image: Image, user: str, *_: object, ready: Callable[[machine.Running], None], **__: object
    ) -> None:
        access = machine.Access(user=user, key=Path("/key"), public_key="", password="secret")
        forwards = (Forward(host=40080, guest=80), Forward(host=40514, guest=514, protocol="udp"))
        ready(
            machine.Running(
                image=image, access=access, port=2222, known_hosts=Path("/k"), verified=True, forwards=forwards
            )
        )

    monkeypatch.setattr(machine, "boot", boot)
    monkeypatch.setattr(run, "choose_for_image", lambda _stack: None)
    said = call("run", "--store", str(store.root))
    assert "80/tcp     of it is 127.0.0.1:40080\n514/udp    of it is 127.0.0.1:40514\n" in said
    told = json.loads(call("run", "--json", "--store", str(store.root)))
    assert told["ports"] == {"80/tcp": 40080, "514/udp": 40514}


@pytest.mark.parametrize(
    ("content", "message"), [(None, "expected a file of user data: No such file"), (" \n", "it is empty")]
)
def test_user_data_that_are_none_are_refused(store: Store, tmp_path: Path, content: str | None, message: str) -> None:
    data = tmp_path / "data"
    if content is not None:
        data.write_text(content)
    done = hallmark("run", "--store", str(store.root), "--data", str(data))
    assert done.returncode == 2
    assert f"hallmark: --data {data}: " in done.stderr
    assert message in done.stderr


def test_run_without_a_release_says_what_to_do(tmp_path: Path) -> None:
    done = hallmark("run", "--store", str(tmp_path))
    assert done.returncode == 7
    assert "nothing was released yet; `make image` makes and releases an image" in done.stderr
