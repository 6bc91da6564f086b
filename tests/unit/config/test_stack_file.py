"""A stack's own file: what Pulumi would hand to the program, without the secrets; one clear error for what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import SettingsError
from hallmark.config.stack_file import read_stack_config, read_stack_file, stack_file


def write(checkout: Path, text: str | bytes) -> Path:
    path = stack_file(checkout, "aws")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_stack_without_a_file_says_nothing(tmp_path: Path) -> None:
    assert read_stack_file(tmp_path, "aws") == {}
    assert read_stack_config(tmp_path, "aws") == {}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "config:\n", "encryptionsalt: v1:abc\n"])
def test_nor_does_one_without_configuration(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert read_stack_config(tmp_path, "aws") == {}


def test_what_pulumi_notes_beside_the_configuration_is_read(tmp_path: Path) -> None:
    write(tmp_path, "secretsprovider: awskms://alias/pulumi\nconfig:\n  aws:region: eu-central-1\n")
    assert read_stack_file(tmp_path, "aws")["secretsprovider"] == "awskms://alias/pulumi"


def test_values_are_text_as_programs_get_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        """\
config:
  hallmark:platform: aws
  hallmark:parallel: 3
  hallmark:flag: true
  hallmark:recipes: [web, mail]
  hallmark:baseAmi:
    id: ami-0123456789abcdef0
  other:day: 2026-11-24
""",
    )
    assert read_stack_config(tmp_path, "aws") == {
        "hallmark:platform": "aws",
        "hallmark:parallel": "3",
        "hallmark:flag": "true",
        "hallmark:recipes": '["web", "mail"]',
        "hallmark:baseAmi": '{"id": "ami-0123456789abcdef0"}',
        "other:day": "2026-11-24",
    }


def test_what_is_encrypted_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "config:\n  other:token:\n    secure: v1:abc\n  hallmark:channel: testing\n")
    assert read_stack_config(tmp_path, "aws") == {"hallmark:channel": "testing"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: [", ": expected YAML: "),
        (b"\xff\xfe\x00", ": expected YAML: "),
        ("- a list\n", ": expected keys and values, got ['a list']"),
        ("config: all\n", ': config: expected keys and values, got "all"'),
    ],
)
def test_what_is_no_configuration_is_one_clear_error_that_names_the_file(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as refused:
        read_stack_config(tmp_path, "aws")
    assert str(refused.value).startswith(f"{path}{message}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = stack_file(tmp_path, "aws")
    path.mkdir(parents=True)
    with pytest.raises(SettingsError, match="Is a directory"):
        read_stack_file(tmp_path, "aws")


def test_the_configuration_is_read_as_pulumi_hands_it_over(tmp_path: Path) -> None:
    write(tmp_path, "config:\n  a:b: text\n  a:n: 5\n  a:list: [one, {two: 2}]\n  a:secret: {secure: v1:abc}\n")
    assert read_stack_config(tmp_path, "aws") == {"a:b": "text", "a:n": "5", "a:list": '["one", {"two": 2}]'}


def test_a_configuration_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    write(tmp_path, "config:\n  a: [\n")
    with pytest.raises(SettingsError, match=r"stacks/Pulumi\.aws\.yaml: expected YAML: "):
        read_stack_config(tmp_path, "aws")
