"""Identity is content: equal inputs, equal fingerprint, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallmark.common.fingerprint import fingerprint, hash_bytes, hash_file, hash_tree

LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
INPUTS = st.dictionaries(st.text(max_size=2), LEAF | st.lists(LEAF, max_size=2), max_size=3)


@given(INPUTS)
def test_the_order_of_keys_does_not_matter(inputs: dict[str, object]) -> None:
    assert fingerprint("x", dict(reversed(inputs.items()))) == fingerprint("x", inputs)


@given(INPUTS, INPUTS)
def test_other_inputs_have_another_fingerprint(one: dict[str, object], other: dict[str, object]) -> None:
    assert (repr_of(one) == repr_of(other)) == (fingerprint("x", one) == fingerprint("x", other))


def repr_of(value: object) -> object:
    """A value that compares as JSON does: True is not 1."""
    if isinstance(value, dict):
        return {key: repr_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [repr_of(item) for item in value]
    return (type(value).__name__, value)


def test_kind_and_version_are_part_of_the_identity() -> None:
    assert len({fingerprint("a", {}), fingerprint("b", {}), fingerprint("a", {}, version=2)}) == 3


def test_a_fingerprint_is_a_sha256_and_stays_what_it_is() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", fingerprint("image", {"base": "ü"}))
    assert fingerprint("image", {"a": 1}) == hash_bytes(b'{"inputs":{"a":1},"kind":"image","v":1}')


@given(st.binary())
def test_a_files_hash_is_that_of_its_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("hash") / "file"
    path.write_bytes(data)
    assert hash_file(path) == hash_bytes(data)


def test_a_trees_hash_is_that_of_names_bytes_and_executable_bits(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    seen = {hash_tree(tmp_path)}
    (tmp_path / "a").chmod(0o755)
    seen.add(hash_tree(tmp_path))
    (tmp_path / "a").write_text("2")
    seen.add(hash_tree(tmp_path))
    (tmp_path / "b").write_text("1")
    seen.add(hash_tree(tmp_path))
    (tmp_path / "b").rename(tmp_path / "c")
    seen.add(hash_tree(tmp_path))
    assert len(seen) == 5
    (tmp_path / "c").touch()
    (tmp_path / "empty").mkdir()
    assert hash_tree(tmp_path) in seen
