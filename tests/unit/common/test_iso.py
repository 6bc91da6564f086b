"""Media: the same inputs give the same bytes, and what is on the volume is what the manifest says."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from hallmark.common import process
from hallmark.common.errors import MediaError, PrerequisiteError
from hallmark.common.fingerprint import hash_bytes, hash_file
from hallmark.common.iso import MANIFEST, Source, make_media, make_volume, manifest
from tests.support.small_disk import run_on_small_disk

EPOCH = 1_700_000_000


def xorriso(volume: Path, *commands: str) -> str:
    """What xorriso prints about a volume."""
    words = ["xorriso", "-no_rc", "-indev", str(volume), *commands]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def extract(volume: Path, target: Path) -> Path:
    """All files of a volume, in a folder."""
    xorriso(volume, "-osirrox", "on", "-extract", "/", str(target))
    subprocess.run(["chmod", "-R", "u+w", str(target)], check=True)
    return target


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Source]:
    """Files of each kind: bytes, a plain file, an executable one, an empty one, Debian's odd names, deep folders."""
    script = tmp_path / "apply"
    script.write_bytes(b"#!/bin/sh\n")
    script.chmod(0o750)
    deb = tmp_path / "deb"
    deb.write_bytes(os.urandom(300_000))
    deb.chmod(0o600)
    return {
        "pool/libstdc++6_14.2.0-19_amd64.deb": deb,
        "pool/openssl_1%3a3.5.1-1+deb13u1~bpo1_amd64.deb": deb,
        "image_scripts/controls/ssh-crypto/tests/base.fail.sh": script,
        "plan/env/ssh-crypto": b"HM_CIPHERS='a b'\n",
        "plan/empty": b"",
    }


def test_two_volumes_of_the_same_files_are_the_same_bytes(tmp_path: Path, files: dict[str, Source]) -> None:
    first = make_media(tmp_path / "a" / "media.iso", files, label="HALLMARK", epoch=EPOCH)
    for source in files.values():
        if isinstance(source, Path):
            os.utime(source, (1, 1))
    time.sleep(1.1)
    reversed_files = dict(reversed(files.items()))
    second = make_media(tmp_path / "b" / "other-name.iso", reversed_files, label="HALLMARK", epoch=EPOCH)
    assert first == second
    assert hash_file(tmp_path / "a/media.iso") == hash_file(tmp_path / "b/other-name.iso")


def test_another_epoch_label_byte_or_mode_gives_another_volume(tmp_path: Path, files: dict[str, Source]) -> None:
    script = tmp_path / "apply"
    plain = tmp_path / "plain"
    plain.write_bytes(script.read_bytes())
    variants: list[tuple[dict[str, Source], str, int]] = [
        (files, "HALLMARK", EPOCH),
        (files, "HALLMARK", EPOCH + 1),
        (files, "OTHER", EPOCH),
        ({**files, "plan/empty": b"x"}, "HALLMARK", EPOCH),
        ({**files, "image_scripts/controls/ssh-crypto/tests/base.fail.sh": plain}, "HALLMARK", EPOCH),
    ]
    hashes = set()
    for number, (content, label, epoch) in enumerate(variants):
        make_media(tmp_path / f"{number}.iso", content, label=label, epoch=epoch)
        hashes.add(hash_file(tmp_path / f"{number}.iso"))
    assert len(hashes) == len(variants)


def test_what_is_read_back_is_what_went_in_and_sha256sum_agrees(tmp_path: Path, files: dict[str, Source]) -> None:
    digest = make_media(tmp_path / "media.iso", files, label="HALLMARK", epoch=EPOCH)
    tree = extract(tmp_path / "media.iso", tmp_path / "tree")
    found = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    assert found == {*files, MANIFEST}
    for name, source in files.items():
        assert (tree / name).read_bytes() == (source if isinstance(source, bytes) else source.read_bytes())
    assert digest == hash_file(tree / MANIFEST) == hash_bytes(manifest(files))
    checked = subprocess.run(["sha256sum", "-c", "--strict", "--quiet", MANIFEST], cwd=tree, check=False)
    assert checked.returncode == 0


def test_the_manifest_is_sorted_and_lists_every_other_file() -> None:
    lines = manifest({"b": b"", "a/z": b"1", "a-b": b"2"}).decode().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a-b", "a/z", "b"]
    assert lines[2] == f"{hash_bytes(b'')}  b"


def test_everything_is_roots_and_read_only_and_executable_only_where_its_source_is(
    tmp_path: Path, files: dict[str, Source]
) -> None:
    make_media(tmp_path / "media.iso", files, label="HALLMARK", epoch=EPOCH)
    listing = xorriso(tmp_path / "media.iso", "-find", "/", "-exec", "lsdl").splitlines()
    modes = {line.split("'")[1]: line.split()[0] for line in listing if line.endswith("'")}
    owners = {tuple(line.split()[2:4]) for line in listing if line.endswith("'")}
    assert owners == {("0", "0")}
    assert modes["/pool"] == "dr-xr-xr-x"
    assert modes["/pool/libstdc++6_14.2.0-19_amd64.deb"] == "-r--r--r--"
    assert modes["/image_scripts/controls/ssh-crypto/tests/base.fail.sh"] == "-r-xr-xr-x"
    assert set(modes.values()) == {"dr-xr-xr-x", "-r--r--r--", "-r-xr-xr-x"}


def test_the_label_is_what_was_asked_for_in_either_case(tmp_path: Path) -> None:
    make_volume(
        tmp_path / "seed.iso", {"user-data": b"#cloud-config\n", "meta-data": b"{}"}, label="cidata", epoch=EPOCH
    )
    assert "Volume Id    : cidata\n" in xorriso(tmp_path / "seed.iso", "-pvd_info")
    tree = extract(tmp_path / "seed.iso", tmp_path / "tree")
    assert sorted(path.name for path in tree.iterdir()) == ["meta-data", "user-data"]


def test_an_existing_volume_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "media" / "media.iso"
    make_media(target, {"a": b"1"}, label="HALLMARK", epoch=EPOCH)
    make_media(target, {"a": b"2"}, label="HALLMARK", epoch=EPOCH)
    assert list(target.parent.iterdir()) == [target]
    assert (extract(target, tmp_path / "tree") / "a").read_bytes() == b"2"
    assert target.stat().st_mode & 0o777 == 0o444


def test_a_file_named_on_the_host_with_odd_characters_is_taken(tmp_path: Path) -> None:
    source = tmp_path / "a=b\\c 'd'"
    source.write_bytes(b"odd")
    make_media(tmp_path / "media.iso", {"plain": source}, label="HALLMARK", epoch=EPOCH)
    assert (extract(tmp_path / "media.iso", tmp_path / "tree") / "plain").read_bytes() == b"odd"


@pytest.mark.parametrize(
    "name",
    [
        "1/2/3/4/5/6/7/8",
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "./a",
        "a/",
        "a b",
        "a\nb",
        "a\\b",
        "ä",
        "-x",
        "a/-x",
        "x" * 181,
    ],
)
def test_a_name_that_is_no_plain_relative_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError, match=r"expected a relative path, at most 7 names"):
        make_media(tmp_path / "media.iso", {name: b""}, label="HALLMARK", epoch=EPOCH)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"'a': expected a file or a folder, got both \(there is 'a/b' too\)"):
        make_media(tmp_path / "media.iso", {"a": b"", "a/b": b""}, label="HALLMARK", epoch=EPOCH)


def test_the_manifests_name_is_kept(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="MANIFEST: this name is kept"):
        make_media(tmp_path / "media.iso", {MANIFEST: b""}, label="HALLMARK", epoch=EPOCH)


@pytest.mark.parametrize("label", ["", "x" * 33, "a b", "a-b"])
def test_a_label_that_iso_9660_does_not_take_is_refused(tmp_path: Path, label: str) -> None:
    with pytest.raises(MediaError, match="label: expected 1 to 32 letters, digits or _"):
        make_media(tmp_path / "media.iso", {"a": b""}, label=label, epoch=EPOCH)


def test_a_missing_source_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"media: a: expected a readable file at .*/nothing: No such file"):
        make_media(tmp_path / "media.iso", {"a": tmp_path / "nothing"}, label="HALLMARK", epoch=EPOCH)
    with pytest.raises(MediaError, match=r"media: a: expected a regular file at "):
        make_media(tmp_path / "media.iso", {"a": tmp_path}, label="HALLMARK", epoch=EPOCH)


def test_without_xorriso_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match=r"xorriso: not found on this machine; .*package xorriso"):
        make_media(tmp_path / "media.iso", {"a": b""}, label="HALLMARK", epoch=EPOCH)


def test_want_of_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    code = """
from hallmark.common.errors import MediaError
from hallmark.common.iso import make_media
try:
    make_media(disk / "media.iso", {"a": bytes(3 << 20)}, label="HALLMARK", epoch=1)
except MediaError as error:
    print(error, list(disk.iterdir()))
"""
    said = run_on_small_disk(tmp_path, code, mebibytes=4)
    assert said == f"{tmp_path}: no room: expected 9 MiB free, got 4 MiB; make room there []\n"


def test_a_disk_that_fills_meanwhile_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    code = """
import hallmark.common.iso
from hallmark.common.errors import MediaError
hallmark.common.iso.need_room = lambda *_: None
for size in (3, 7):
    try:
        hallmark.common.iso.make_media(disk / "media.iso", {"a": bytes(size << 20)}, label="HALLMARK", epoch=1)
    except MediaError as error:
        print(error.args[0].splitlines()[0], list(disk.iterdir()))
"""
    copying, *rest = reversed(run_on_small_disk(tmp_path, code, mebibytes=5).splitlines())
    assert copying.startswith(f"{tmp_path}/media.iso: no room left on its file system (No space left on device)")
    assert rest[0].startswith(f"{tmp_path}: the volume HALLMARK could not be written: xorriso: ")
    assert copying.endswith("[]")
    assert rest[0].endswith("[]")
