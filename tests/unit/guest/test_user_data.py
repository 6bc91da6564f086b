"""What a guest is told: user data with the bootstrap first, small enough for every platform."""

from __future__ import annotations

import email
import json
import shlex
import subprocess
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.common.fingerprint import Sha256
from hallmark.common.process import ENVIRONMENT
from hallmark.guest.task import GuestTask, Mode
from hallmark.guest.user_data import user_data

CHECKOUT = Path(__file__).parents[3]
BOOTSTRAP = CHECKOUT / "image_scripts" / "bootstrap.sh"
MANIFEST = Sha256("a" * 64)
LIMIT = 16 * 1024  # bytes, what EC2 takes


def make_task(*, mode: Mode = "build", bootstrap: Path = BOOTSTRAP, **config: Any) -> GuestTask:
    return GuestTask(
        mode=mode,
        manifest=MANIFEST,
        bootstrap=bootstrap,
        cloud_config=config or {"users": []},
        deadline_minutes=40,
    )


def parts(data: bytes) -> list[Message]:
    message = email.message_from_bytes(data)
    assert message.get_content_type() == "multipart/mixed"
    payload = message.get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


def text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_the_bootstrap_comes_first_as_a_boothook_and_then_a_cloud_config() -> None:
    boothook, config = parts(user_data(make_task()))
    assert boothook.get_content_type() == "text/cloud-boothook"
    assert config.get_content_type() == "text/cloud-config"
    assert [part.get_filename() for part in (boothook, config)] == [None, None]


@pytest.mark.parametrize("mode", ["build", "accept"])
def test_the_bootstrap_is_told_mode_manifest_and_deadline(mode: Mode) -> None:
    boothook, _ = parts(user_data(make_task(mode=mode)))
    assert text(boothook) == (
        f"#!/bin/sh\nHALLMARK_MODE={mode}\nHALLMARK_MANIFEST={MANIFEST}\nHALLMARK_DEADLINE=40min\n"
        "HALLMARK_IMAGE=''\nHALLMARK_PROBES=''\n"
        f"{BOOTSTRAP.read_text()}"
    )


def test_a_build_is_told_the_image_that_it_makes() -> None:
    boothook, _ = parts(user_data(replace(make_task(), image="web-0123456789abcdef")))
    assert "\nHALLMARK_IMAGE=web-0123456789abcdef\n" in text(boothook)


def test_a_guest_is_told_what_it_must_find_no_way_to() -> None:
    boothook, _ = parts(user_data(replace(make_task(), probes=("192.0.2.7/443=ec2", "2001:db8::7/80=mirror"))))
    assert "\nHALLMARK_PROBES='192.0.2.7/443=ec2 2001:db8::7/80=mirror'\n" in text(boothook)


def test_the_cloud_config_is_json_which_is_yaml_too() -> None:
    _, config = parts(user_data(make_task(users=[{"name": "jdoe"}], runcmd=["echo 'ü'"])))
    first, rest = text(config).split("\n", 1)
    assert first == "#cloud-config"
    assert json.loads(rest) == {"users": [{"name": "jdoe"}], "runcmd": ["echo 'ü'"]}


def test_it_is_small_enough_for_every_platform() -> None:
    names = [{"name": "a" * 31} for _ in range(50)]
    assert len(user_data(make_task(users=names))) < LIMIT


def test_it_is_the_same_for_the_same_guest() -> None:
    assert user_data(make_task()) == user_data(make_task())


def test_the_bootstrap_is_a_script_that_a_shell_can_read(tmp_path: Path) -> None:
    boothook, _ = parts(user_data(make_task()))
    script = tmp_path / "boothook"
    script.write_text(text(boothook))
    subprocess.run(["sh", "-n", script], check=True, env=dict(ENVIRONMENT), timeout=20)


SCRIPT = st.text(st.characters(codec="utf-8", exclude_characters="\r"))


@given(SCRIPT)
def test_a_bootstrap_arrives_as_it_is_whatever_its_words(tmp_path_factory: pytest.TempPathFactory, script: str) -> None:
    path = tmp_path_factory.mktemp("seed") / "bootstrap.sh"
    path.write_text(f"{script}\n.\nFrom here\n--hallmark\n")
    boothook, config = parts(user_data(make_task(bootstrap=path)))
    assert text(boothook).endswith(f"{script}\n.\nFrom here\n--hallmark\n")
    assert text(config).startswith("#cloud-config\n")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n")))
def test_what_is_assigned_is_quoted(value: str) -> None:
    assert shlex.split(f"X={shlex.quote(value)}") == [f"X={value}"]
