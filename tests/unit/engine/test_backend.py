"""The state's URL leaves out what a kill could cut short, and keeps all else that was given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hallmark.common.errors import PrerequisiteError, ProcessError, SettingsError
from hallmark.engine.backend import (
    ask_backend,
    backend_in,
    credentials,
    folder_of,
    given_backend,
    is_service,
    remove_unfinished,
    secrets_provider,
    state_environment,
    without_notes,
)

HOME = Path("/ours/.hallmark")
OURS = {
    "PULUMI_BACKEND_URL": "file:///ours/.hallmark/state?metadata=skip",
    "PULUMI_CONFIG_PASSPHRASE_FILE": "/ours/.hallmark/passphrase",
}


def test_a_state_in_a_folder() -> None:
    assert backend_in(Path("/a/state")) == "file:///a/state?metadata=skip"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("file:///a/state", "file:///a/state?metadata=skip"),
        ("file:///a/state?no_tmp_dir=false", "file:///a/state?no_tmp_dir=false&metadata=skip"),
        ("file:///a/state?metadata=skip", "file:///a/state?metadata=skip"),
        ("s3://states?region=eu-west-1", "s3://states?region=eu-west-1"),
    ],
)
def test_any_state_on_this_machine(given: str, used: str) -> None:
    assert without_notes(given) == used


def test_what_a_killed_engine_had_begun_to_write_is_removed_and_nothing_else(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi/stacks/hallmark"
    stacks.mkdir(parents=True)
    names = ["web.json", "web.json.bak", "web.json.18cf2a.tmp", "web-2.json.18cf2a.tmp", "web.json.tmp"]
    for name in names:
        (stacks / name).touch()
    remove_unfinished(backend_in(tmp_path), "hallmark", "web")
    assert sorted(path.name for path in stacks.iterdir()) == sorted(set(names) - {"web.json.18cf2a.tmp"})
    remove_unfinished("s3://states", "hallmark", "web")
    remove_unfinished(backend_in(tmp_path / "none"), "hallmark", "web")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, OURS),
        ({"PULUMI_BACKEND_URL": ""}, OURS),
        # Those of another checkout, whose `env` this shell has read before, and a passphrase that no backend goes with.
        (
            {
                "PULUMI_BACKEND_URL": "file:///theirs/.hallmark/state?metadata=skip",
                "PULUMI_CONFIG_PASSPHRASE_FILE": "/theirs/.hallmark/passphrase",
                "PULUMI_CONFIG_PASSPHRASE": "a stranger's",
            },
            OURS,
        ),
        ({"PULUMI_BACKEND_URL": "s3://b?region=x"}, {**OURS, "PULUMI_BACKEND_URL": "s3://b?region=x"}),
        (
            {
                "PULUMI_BACKEND_URL": "file:///team/state",
                "PULUMI_CONFIG_PASSPHRASE_FILE": "/theirs/.hallmark/passphrase",
            },
            {**OURS, "PULUMI_BACKEND_URL": "file:///team/state?metadata=skip"},
        ),
        (
            {"PULUMI_BACKEND_URL": "s3://b", "PULUMI_CONFIG_PASSPHRASE_FILE": "/team/words"},
            {"PULUMI_BACKEND_URL": "s3://b", "PULUMI_CONFIG_PASSPHRASE_FILE": "/team/words"},
        ),
        (
            {"PULUMI_BACKEND_URL": "https://api.pulumi.com", "PULUMI_CONFIG_PASSPHRASE": ""},
            {"PULUMI_BACKEND_URL": "https://api.pulumi.com", "PULUMI_CONFIG_PASSPHRASE": ""},
        ),
    ],
)
def test_a_backend_that_is_set_stays_with_its_passphrase(given: dict[str, str], used: dict[str, str]) -> None:
    assert state_environment(HOME, given) == used


def test_the_home_folder_s_short_name_is_written_out() -> None:
    given = {"PULUMI_BACKEND_URL": "file://~/states", "HOME": "/home/me"}
    assert given_backend(given) == "file:///home/me/states?metadata=skip"


@pytest.mark.parametrize("url", ["state", "file://state", "file://~", "s3://"])
def test_a_backend_that_depends_on_where_one_stands_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^PULUMI_BACKEND_URL: expected file:///FOLDER, s3://BUCKET, .*, got "):
        given_backend({"PULUMI_BACKEND_URL": url, "HOME": "/home/me"})


def test_only_the_credentials_of_what_is_used_are_passed_on() -> None:
    given = {"PULUMI_ACCESS_TOKEN": "1", "AZURE_X": "2", "GOOGLE_X": "3", "VAULT_TOKEN": "4", "X": "5"}
    assert credentials(given, "s3://b", "passphrase") == {}
    service = credentials(given, "https://api.pulumi.com", "hashivault://k")
    assert service == {"PULUMI_ACCESS_TOKEN": "1", "VAULT_TOKEN": "4"}
    assert credentials(given, "gs://b", "azurekeyvault://k") == {"AZURE_X": "2", "GOOGLE_X": "3"}


def test_what_a_url_tells() -> None:
    assert folder_of("file:///a/b?metadata=skip") == Path("/a/b")
    assert folder_of("s3://b") is None
    assert [is_service(url) for url in ("https://api.pulumi.com", "s3://b", "file:///a")] == [True, False, False]


@pytest.mark.parametrize(
    ("file", "backend", "provider"),
    [
        ({}, "file:///a", "passphrase"),
        ({}, "s3://b", "passphrase"),
        ({"encryptionsalt": "v1:x"}, "https://api.pulumi.com", "passphrase"),
        ({}, "https://api.pulumi.com", "default"),
        ({"secretsprovider": "awskms://alias/x", "encryptedkey": "y"}, "https://api.pulumi.com", "awskms://alias/x"),
    ],
)
def test_who_keeps_a_stack_s_secrets(file: dict[str, str], backend: str, provider: str) -> None:
    assert secrets_provider(file, backend) == provider


def cli(folder: Path, answer: str, code: int = 0) -> dict[str, str]:
    """An environment whose CLI answers so, and writes down how it was asked."""
    folder.mkdir(exist_ok=True)
    (folder / "pulumi").write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"open({str(folder / 'asked')!r}, 'w').write(' '.join(sys.argv[1:]) + os.getcwd())\n"
        f"print({answer!r})\nsys.exit({code})\n"
    )
    (folder / "pulumi").chmod(0o755)
    return {"PATH": str(folder), "HOME": "/home/me"}


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        # What the CLI says of Pulumi Cloud is the address of the user's pages.
        (
            '{"user": "me", "organizations": ["me", "team"], "url": "https://app.pulumi.com/me"}',
            "https://api.pulumi.com",
        ),
        ('{"user": "me", "url": "https://app.pulumi.example.com/me"}', "https://api.pulumi.example.com"),
        ('{"user": "me", "url": "s3://states?region=eu-west-1"}', "s3://states?region=eu-west-1"),
        ('{"user": "me", "url": "file://~/states"}', "file:///home/me/states?metadata=skip"),
    ],
)
def test_without_a_variable_the_cli_is_asked(tmp_path: Path, answer: str, url: str) -> None:
    assert ask_backend(cli(tmp_path / "bin", answer), tmp_path) == url
    assert (tmp_path / "bin/asked").read_text() == f"whoami --json --non-interactive{tmp_path}"


def test_with_a_variable_it_is_not(tmp_path: Path) -> None:
    environment = cli(tmp_path, "{}", 1)
    assert ask_backend({**environment, "PULUMI_BACKEND_URL": "gs://b"}, tmp_path) == "gs://b"


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        ("sign in first", 1, "pulumi whoami: sign in first"),
        ("hello", 0, "pulumi whoami: expected JSON with a url, got hello"),
        (
            '{"user": "me", "url": ""}',
            0,
            "does not say which service it is signed in to; name it in PULUMI_BACKEND_URL",
        ),
    ],
)
def test_a_cli_that_does_not_say_is_one_clear_error(tmp_path: Path, answer: str, code: int, message: str) -> None:
    with pytest.raises(ProcessError, match=message):
        ask_backend(cli(tmp_path, answer, code), tmp_path)


def test_no_cli_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"^pulumi: not found on PATH; run `\. \./env`"):
        ask_backend({"PATH": str(tmp_path)}, tmp_path)
