"""Results: an archive from a guest is read by rule; whatever is not plain is refused by name, and nothing is left."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hallmark.common.errors import ResultsError
from hallmark.guest.results import Limits, read_results
from tests.support.small_disk import run_on_small_disk


def tar(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.USTAR_FORMAT) -> bytes:  # noqa: A002
    """An archive of these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def file(name: str, data: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member; `fields` override what its header says."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Put bytes on a results disk, read it, and return what came out; after an error nothing may be there."""

    def read_disk(data: bytes, *, limits: Limits | None = None, manifest: str | None = None) -> dict[str, bytes]:
        disk = tmp_path / "results.raw"
        disk.write_bytes(data)
        try:
            read_results(disk, tmp_path / "out", limits=limits or Limits(), manifest=manifest)
        except ResultsError:
            assert list(tmp_path.iterdir()) == [disk]
            raise
        files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
        return {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in files}

    return read_disk


Read = Callable[..., dict[str, bytes]]


def test_what_gnu_tar_writes_onto_a_raw_disk_is_read(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "build" / "empty").mkdir(parents=True)
    (source / "build" / "ssh-crypto.out").write_text("ok\n")
    (source / "build" / ("x" * 99)).write_bytes(bytes(100_000))
    (source / ("y" * 80)).mkdir()
    (source / ("y" * 80) / ("z" * 90)).write_text("the name goes through the prefix")
    (source / "none").touch()
    disk = tmp_path / "results.raw"
    disk.write_bytes(os.urandom(2 << 20))
    words = [
        "tar",
        "--create",
        "--format=ustar",
        "--owner=0",
        "--group=0",
        f"--directory={source}",
        f"--file={disk}",
        ".",
    ]
    subprocess.run(words, check=True, timeout=60)
    with disk.open("r+b") as stream:
        stream.truncate(2 << 20)
    read_results(disk, tmp_path / "out")
    assert subprocess.run(["diff", "-r", source, tmp_path / "out"], check=False).returncode == 0


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_both_plain_formats_are_read(read: Read, format: int) -> None:  # noqa: A002
    assert read(tar(file("a/b", b"1"), file("c", b"2"), format=format)) == {"a/b": b"1", "c": b"2"}


def test_what_is_made_is_plain_whatever_the_header_says(read: Read, tmp_path: Path) -> None:
    read(tar(file("a", mode=0o6777, uid=1234, gid=99, mtime=1)))
    made = (tmp_path / "out/a").stat()
    assert made.st_mode & 0o7777 & ~0o644 == 0
    assert made.st_uid == os.geteuid()


def test_garbage_after_the_end_is_never_looked_at(read: Read) -> None:
    assert read(tar(file("a")) + os.urandom(100_000)) == {"a": b"x"}


@pytest.mark.parametrize("data", [b"", bytes(511), bytes(512), bytes(1 << 20)])
def test_an_empty_disk_says_that_the_guest_wrote_nothing(read: Read, data: bytes) -> None:
    with pytest.raises(ResultsError, match=r"results\.raw: the guest wrote nothing; see the console log"):
        read(data)


@pytest.mark.parametrize("data", [b"hello" * 400, b"\xff" * 4096, b"\x1f\x8b" + bytes(2000)])
def test_something_else_on_the_disk_is_no_archive(read: Read, data: bytes) -> None:
    with pytest.raises(ResultsError, match=r"expected a tar archive, got something else"):
        read(data)


def test_an_archive_without_a_file_is_refused(read: Read) -> None:
    with pytest.raises(ResultsError, match="got an archive without a file"):
        read(tar(file("a", b"", type=tarfile.DIRTYPE)))


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/..",
        "..",
        "a//b",
        "a/./b",
        "././a",
        ".hidden",
        "a/.ssh",
        "-rf",
        "a b",
        "a\nb",
        "a\x1b[2J",
        "a\\b",
        "ä",
        "a/b/c/d/e/f/g/h/i/j/k/l/m",
        "x" * 101,
        "~root",
    ],
)
def test_a_name_that_is_not_plain_is_refused(read: Read, name: str) -> None:
    with pytest.raises(ResultsError, match=r"expected a (plain relative name|regular file or a folder), got"):
        read(tar(file("first"), file(name), format=tarfile.GNU_FORMAT))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a character device"),
        (tarfile.BLKTYPE, "a block device"),
        (tarfile.FIFOTYPE, "a fifo"),
        (tarfile.CONTTYPE, "a contiguous file"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
        (b"L", "a GNU long name"),
        (b"K", "a GNU long link"),
        (b"x", "a pax header"),
        (b"g", "a global pax header"),
        (b"D", "type b'D'"),
        (b"V", "type b'V'"),
        (b"\xff", r"type b'\\xff'"),
    ],
)
def test_all_but_files_and_folders_is_refused_by_name(read: Read, kind: bytes, said: str) -> None:
    with pytest.raises(ResultsError, match=rf"results\.raw: 'evil': expected a regular file or a folder, got {said}$"):
        read(tar(file("good"), file("evil", b"", type=kind, linkname="good")))


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_pax_headers_that_tar_adds_by_itself_are_refused(read: Read, format: int) -> None:  # noqa: A002
    with pytest.raises(ResultsError, match=r"got a (GNU long name|pax header)$"):
        read(tar(file("x" * 200), format=format))


def test_gnu_tars_sparse_files_are_refused(tmp_path: Path, read: Read) -> None:
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(10 << 20)
    archive = subprocess.run(
        ["tar", "-C", tmp_path, "--sparse", "--format=gnu", "-cf", "-", "sparse"], check=True, capture_output=True
    ).stdout
    (tmp_path / "sparse").unlink()
    with pytest.raises(ResultsError, match=r"'sparse': .* got a sparse file"):
        read(archive)


@pytest.mark.parametrize(
    "field", [b"\x80" + b"\0" * 10 + b"\x01", b"\xff" * 12, b"-0000000001\0", b"0x10\0" + bytes(7), bytes(12)]
)
def test_a_size_that_is_no_octal_number_is_refused(read: Read, field: bytes) -> None:
    with pytest.raises(ResultsError, match=r"'a': expected a plain size"):
        read(forge(tar(file("a")), 124, field))


def test_a_folder_with_content_is_refused(read: Read) -> None:
    with pytest.raises(ResultsError, match=r"'d/': expected a plain size"):
        read(forge(tar(file("d", b"", type=tarfile.DIRTYPE)), 124, b"00000001000\0"))


def test_an_absurd_size_is_refused_before_anything_is_written(read: Read) -> None:
    with pytest.raises(ResultsError, match=r"a: expected at most 67108864 bytes, got 8589934591"):
        read(forge(tar(file("a")), 124, b"77777777777\0"))


def test_each_limit_is_kept_and_the_member_named(read: Read) -> None:
    members = [file(f"f{number}", b"12345") for number in range(4)]
    with pytest.raises(ResultsError, match="f3: expected at most 3 members, got more"):
        read(tar(*members), limits=Limits(members=3))
    with pytest.raises(ResultsError, match="f0: expected at most 4 bytes, got 5"):
        read(tar(*members), limits=Limits(file_bytes=4))
    with pytest.raises(ResultsError, match="f2: expected at most 14 bytes in all, got more"):
        read(tar(*members), limits=Limits(total_bytes=14))
    assert len(read(tar(*members), limits=Limits(members=4, file_bytes=5, total_bytes=20))) == 4


def test_thousands_of_members_are_refused_at_the_limit(read: Read) -> None:
    members = [file(f"d{number}", b"", type=tarfile.DIRTYPE) for number in range(6000)]
    with pytest.raises(ResultsError, match="expected at most 5000 members"):
        read(tar(*members))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (file("a"), file("a")),
        (file("a"), file("./a")),
        (file("a"), file("a/b")),
        (file("a/b"), file("a")),
        (file("a"), file("a", b"", type=tarfile.DIRTYPE)),
        (file("a", b"", type=tarfile.DIRTYPE), file("a")),
    ],
)
def test_the_same_name_twice_is_refused(
    read: Read, first: tuple[tarfile.TarInfo, bytes], second: tuple[tarfile.TarInfo, bytes]
) -> None:
    with pytest.raises(ResultsError, match=r"a(/b)?: expected each name once, got it again"):
        read(tar(first, second))


def test_an_archive_that_is_cut_short_is_refused(read: Read) -> None:
    whole = tar(file("a", bytes(700)), file("b", b"1" * 700))
    for end in (100, 511, 513, 1000, 1500, 1600, 2100, 2700):
        with pytest.raises(ResultsError, match=r"cut short|got something else"):
            read(whole[:end])


def test_a_damaged_header_in_the_middle_is_refused(read: Read) -> None:
    data = bytearray(tar(file("a"), file("b")))
    data[1024 + 3] ^= 1
    with pytest.raises(ResultsError, match="the archive is damaged or cut short"):
        read(bytes(data))


def test_a_manifest_must_be_there_and_agree_with_every_file(read: Read, tmp_path: Path) -> None:
    good = hashlib.sha256(b"x").hexdigest()
    right = f"{good}  ./a\n{good}  b/c\n".encode()
    assert read(tar(file("a"), file("b/c"), file("MANIFEST", right)), manifest="MANIFEST")["a"] == b"x"
    subprocess.run(["rm", "-r", tmp_path / "out"], check=True)
    with pytest.raises(ResultsError, match="MANIFEST: missing: the guest did not finish its results"):
        read(tar(file("a"), file("b/c")), manifest="MANIFEST")
    for wrong in (right + f"{good}  d\n".encode(), right[: len(right) // 2], right.replace(b"a\n", b"z\n")):
        with pytest.raises(ResultsError, match="expected"):
            read(tar(file("a"), file("b/c"), file("MANIFEST", wrong)), manifest="MANIFEST")
    with pytest.raises(ResultsError, match="a: expected the file and its hash in MANIFEST to agree"):
        read(tar(file("a", b"y"), file("b/c"), file("MANIFEST", right)), manifest="MANIFEST")


def test_a_target_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ResultsError, match="expected no folder there yet"):
        read_results(tmp_path / "results.raw", tmp_path / "out")


def test_a_missing_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"results\.raw: expected a readable results disk: No such file"):
        read_results(tmp_path / "results.raw", tmp_path / "out")


def test_memory_stays_small_however_large_the_file(tmp_path: Path) -> None:
    disk = tmp_path / "results.raw"
    with disk.open("wb") as stream:
        stream.write(tar(file("big", bytes(60 << 20))))
    tracemalloc.start()
    read_results(disk, tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_want_of_room_names_the_folder(tmp_path: Path) -> None:
    code = """
import io, tarfile
from hallmark.common.errors import HostError
from hallmark.guest.results import read_results
info = tarfile.TarInfo("big"); info.size = 3 << 20
with tarfile.open(disk / "results.raw", "w", format=tarfile.USTAR_FORMAT) as archive:
    archive.addfile(info, io.BytesIO(bytes(info.size)))
try:
    read_results(disk / "results.raw", disk / "out")
except HostError as error:
    print("no room: expected 3 MiB free" in str(error), [path.name for path in disk.iterdir()])
"""
    assert run_on_small_disk(tmp_path, code, mebibytes=5) == "True ['results.raw']\n"


def forge(archive: bytes, offset: int, field: bytes) -> bytes:
    """Overwrite a field of the first header and set its checksum right again."""
    data = bytearray(archive)
    data[offset : offset + len(field)] = field
    data[148:156] = b"        "
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


NAMES = st.from_regex(
    r"[A-Za-z0-9_+][A-Za-z0-9_.+@:~=,%-]{0,20}(/[A-Za-z0-9_+][A-Za-z0-9_.+@-]{0,20}){0,3}", fullmatch=True
)


@given(
    content=st.dictionaries(NAMES, st.binary(max_size=2000), min_size=1, max_size=20),
    after=st.binary(max_size=2000),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_plain_content_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, bytes], after: bytes
) -> None:
    folders = {"/".join(name.split("/")[:depth]) for name in content for depth in range(1, name.count("/") + 1)}
    content = {name: data for name, data in content.items() if name not in folders}
    folder = tmp_path_factory.mktemp("any")
    (folder / "disk").write_bytes(tar(*(file(name, data) for name, data in content.items())) + after)
    read_results(folder / "disk", folder / "out")
    found = {
        path.relative_to(folder / "out").as_posix(): path.read_bytes()
        for path in folder.rglob("out/**/*")
        if path.is_file()
    }
    assert found == content


@given(
    header=st.binary(min_size=257, max_size=257), fixed=st.booleans(), flips=st.lists(st.integers(0, 511), max_size=4)
)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_header_makes_anything_but_files_and_folders_inside_the_target(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, fixed: bool, flips: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    data = bytearray(tar(file("a", b"1"), file("b", b"2")))
    if fixed:
        data[:257] = header
    for flip in flips:
        data[flip] ^= 0xFF
    (folder / "disk").write_bytes(forge(bytes(data), 0, bytes(data[:1])))
    try:
        read_results(folder / "disk", folder / "out")
    except ResultsError:
        assert not (folder / "out").exists()
    made = [path for path in folder.rglob("*") if path not in {folder / "disk", folder / "out"}]
    assert all(path.is_relative_to(folder / "out") for path in made)
    assert all(not path.is_symlink() and (path.is_dir() or path.is_file()) for path in made)
