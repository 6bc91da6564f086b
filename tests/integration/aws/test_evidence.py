"""Evidence in a folder and in a bucket: whole or none, replaced whole, fetched under plain names only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hallmark.aws import evidence as aws_evidence
from hallmark.aws.evidence import EvidencePlace, open_evidence
from hallmark.aws.session import Aws
from hallmark.common.errors import AwsError, HallmarkError, StoreError
from hallmark.common.files import remove_tree
from tests.support.aws.strict import REGION, strict_account

BUCKET = "proofs"
IMAGE = "web-0123456789abcdef"
Put = Callable[[str, str], None]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with strict_account() as aws:
        here: Any = {"LocationConstraint": REGION}
        aws.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=here)
        yield aws


@pytest.fixture(params=["folder", "bucket", "bucket/prefix"])
def where(request: pytest.FixtureRequest, tmp_path: Path, aws: Aws) -> Iterator[str]:
    """Each kind of place, empty."""
    if request.param == "folder":
        yield str(tmp_path / "proofs")
        return
    yield f"s3://{BUCKET}{request.param.removeprefix('bucket')}"
    for row in aws.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        aws.s3.delete_object(Bucket=BUCKET, Key=row["Key"])


@pytest.fixture
def place(where: str, aws: Aws) -> EvidencePlace:
    return open_evidence(where, aws)


@pytest.fixture
def bucket(aws: Aws) -> Iterator[EvidencePlace]:
    yield open_evidence(f"s3://{BUCKET}", aws)
    for key in keys(aws):
        aws.s3.delete_object(Bucket=BUCKET, Key=key)


def keys(aws: Aws) -> list[str]:
    return [row["Key"] for row in aws.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def evidence(folder: Path, **more: str) -> Path:
    files = {"index.md": "# all of it", "run.txt": "b1\n", "build/controls/alpha.exit": "0\n", **more}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_is_published_is_fetched_as_it_was(place: EvidencePlace, where: str, tmp_path: Path) -> None:
    folder = evidence(tmp_path / "new", **{"empty.log": "", "build/libc6:amd64~x.out": "é\n"})
    place.publish(IMAGE, folder)
    place.fetch(IMAGE, tmp_path / "fetched")
    assert tree(tmp_path / "fetched") == tree(folder)
    assert place.where(IMAGE) == f"{where}/{IMAGE}"


def test_it_says_which_run_it_is_of(place: EvidencePlace, tmp_path: Path) -> None:
    assert place.run_of(IMAGE) is None
    place.publish(IMAGE, evidence(tmp_path / "new"))
    assert place.run_of(IMAGE) == "b1"
    assert place.run_of("web-fedcba9876543210") is None


def test_new_evidence_takes_the_place_of_all_the_old(place: EvidencePlace, tmp_path: Path) -> None:
    place.publish(IMAGE, evidence(tmp_path / "old", **{"acceptance/exit": "1\n", "old.log": "x"}))
    place.publish("web-fedcba9876543210", evidence(tmp_path / "other"))
    new = evidence(tmp_path / "new", **{"run.txt": "b2\n"})
    place.publish(IMAGE, new)
    place.fetch(IMAGE, tmp_path / "fetched")
    assert tree(tmp_path / "fetched") == tree(new)
    assert place.run_of("web-fedcba9876543210") == "b1"


def test_missing_evidence_is_one_clear_error(place: EvidencePlace, tmp_path: Path) -> None:
    with pytest.raises(HallmarkError) as error:
        place.fetch(IMAGE, tmp_path / "fetched")
    assert str(error.value) == f"{place.where(IMAGE)}: expected the evidence of {IMAGE}, it is not there; bring it back"


# A folder


def test_a_folder_of_evidence_can_be_read_by_anyone_and_has_nothing_else_in_it(tmp_path: Path, aws: Aws) -> None:
    folder = evidence(tmp_path / "new")
    folder.chmod(0o700)
    (folder / "index.md").chmod(0o600)
    open_evidence(str(tmp_path / "proofs"), aws).publish(IMAGE, folder)
    kept = tmp_path / "proofs" / IMAGE
    assert [path.name for path in kept.parent.iterdir()] == [IMAGE]
    assert (kept.stat().st_mode & 0o777, (kept / "index.md").stat().st_mode & 0o777) == (0o755, 0o644)


@pytest.mark.parametrize("step", ["copytree", "make_readable", "sync_tree"])
def test_a_publication_that_fails_leaves_the_old_evidence(
    tmp_path: Path, aws: Aws, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    place = open_evidence(str(tmp_path / "proofs"), aws)
    place.publish(IMAGE, evidence(tmp_path / "old"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil if step == "copytree" else aws_evidence, step, full)
    with pytest.raises(StoreError, match="no room left on its file system"):
        place.publish(IMAGE, evidence(tmp_path / "new", **{"run.txt": "b2\n"}))
    assert place.run_of(IMAGE) == "b1"
    assert [path.name for path in (tmp_path / "proofs").iterdir()] == [IMAGE]


def test_a_killed_publication_leaves_evidence_that_is_whole_or_none(
    tmp_path: Path, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each rename in turn the process dies; nothing of it is tidied up."""
    place = open_evidence(str(tmp_path / "proofs"), aws)
    new = evidence(tmp_path / "new", **{"run.txt": "b2\n"})
    rename, removed = Path.rename, remove_tree
    seen: list[str | None] = []
    for survives in (0, 1):
        place.publish(IMAGE, evidence(tmp_path / "old"))
        left = [survives]

        def dies(path: Path, target: Path, left: list[int] = left) -> Path:
            if not left[0]:
                monkeypatch.setattr(aws_evidence, "remove_tree", lambda _: None)
                raise KeyboardInterrupt
            left[0] -= 1
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", dies)
        with pytest.raises(KeyboardInterrupt):
            place.publish(IMAGE, new)
        monkeypatch.setattr(Path, "rename", rename)
        monkeypatch.setattr(aws_evidence, "remove_tree", removed)
        seen.append(place.run_of(IMAGE))
        place.publish(IMAGE, new)
        assert [path.name for path in (tmp_path / "proofs").iterdir()] == [IMAGE]
    assert seen == ["b1", None]


# A bucket


def test_the_index_of_evidence_in_a_bucket_goes_first_and_comes_last(
    bucket: EvidencePlace, aws: Aws, tmp_path: Path
) -> None:
    bucket.publish(IMAGE, evidence(tmp_path / "old", **{"old.log": "x"}))
    done: list[str] = []

    def keep(model: Any, params: dict[str, Any], **_: Any) -> None:
        if model.name in ("PutObject", "DeleteObject"):
            done.append(f"{model.name} {params['url_path'].rpartition('/')[2]}")

    aws.s3.meta.events.register("before-call.s3", keep)
    try:
        bucket.publish(IMAGE, evidence(tmp_path / "new"))
    finally:
        aws.s3.meta.events.unregister("before-call.s3", keep)
    assert done == [
        "DeleteObject index.md",
        "PutObject alpha.exit",
        "PutObject run.txt",
        "PutObject index.md",
        "DeleteObject old.log",
    ]


@pytest.mark.parametrize("calls", range(4))
def test_an_interrupted_publication_counts_as_none(bucket: EvidencePlace, aws: Aws, tmp_path: Path, calls: int) -> None:
    bucket.publish(IMAGE, evidence(tmp_path / "old"))
    left = [calls]

    def fail(model: Any, **_: Any) -> None:
        if model.name in ("PutObject", "DeleteObject"):
            if not left[0]:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)
            left[0] -= 1

    aws.s3.meta.events.register("before-call.s3", fail)
    try:
        with pytest.raises(AwsError, match=rf"^s3://{BUCKET}/{IMAGE}: not allowed: (Put|Delete)Object; docs/iam"):
            bucket.publish(IMAGE, evidence(tmp_path / "new", **{"run.txt": "b2\n"}))
    finally:
        aws.s3.meta.events.unregister("before-call.s3", fail)
    assert bucket.run_of(IMAGE) == (None if calls else "b1")
    if calls:
        with pytest.raises(AwsError, match="it is not there; bring it back"):
            bucket.fetch(IMAGE, tmp_path / "fetched")


@pytest.mark.parametrize("name", ["../../.ssh/authorized_keys", "build//x", "build/", ".hidden", "a b", "x" * 101])
def test_what_has_an_odd_name_is_not_fetched(bucket: EvidencePlace, aws: Aws, tmp_path: Path, name: str) -> None:
    bucket.publish(IMAGE, evidence(tmp_path / "new"))
    aws.s3.put_object(Bucket=BUCKET, Key=f"{IMAGE}/{name}", Body=b"x")
    with pytest.raises(AwsError) as error:
        bucket.fetch(IMAGE, tmp_path / "in" / "fetched")
    assert str(error.value) == (f"s3://{BUCKET}/{IMAGE}: expected plain names, got {name[:80]!r}; remove that object")
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("new", "in")] == []


def test_a_bucket_that_is_not_there_is_one_clear_error(aws: Aws) -> None:
    with pytest.raises(AwsError, match=r"^s3://nosuch/web-.*: ListObjectsV2 failed \(AWS said NoSuchBucket: "):
        open_evidence("s3://nosuch", aws).run_of(IMAGE)


def test_images_whose_names_begin_alike_do_not_mix(bucket: EvidencePlace, aws: Aws, tmp_path: Path) -> None:
    bucket.publish(f"{IMAGE}-2", evidence(tmp_path / "new"))
    assert bucket.run_of(IMAGE) is None
    bucket.publish(IMAGE, evidence(tmp_path / "other"))
    assert bucket.run_of(f"{IMAGE}-2") == "b1"
