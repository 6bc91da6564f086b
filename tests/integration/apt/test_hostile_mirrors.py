"""Every way in which a mirror can fail or lie ends as one clear error, and the next honest answer mends it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hallmark.common.errors import HallmarkError, LockError, MirrorError
from hallmark.debian import resolve as patches
from hallmark.debian.apt import PrivateRoot
from hallmark.debian.inventory import parse_status
from hallmark.debian.mirror import Mirror
from tests.integration.apt.debian_archive import Archive, Deb, Key, ignore, status

OLD = Deb(name="tls", version="1.0-1")
NEW = Deb(name="tls", version="1.0-2")
WEEK = timedelta(days=7)


def resolve(archive: Archive, cache: Path) -> patches.PatchLock:
    return patches.resolve(status(OLD), [], PrivateRoot(cache, archive.mirror()), cache / "pool", ignore)


def refused(archive: Archive, cache: Path, expected: str, *, kind: type[HallmarkError] = MirrorError) -> str:
    """Assert that resolving fails with this message and leaves nothing half-done; return the message."""
    with pytest.raises(kind, match=expected) as caught:
        resolve(archive, cache)
    assert not list(cache.rglob("*.FAILED"))
    assert not list(cache.glob("apt/*/lists/partial/*"))
    assert not list(cache.glob("apt/*/*/locks/*"))
    assert not list(cache.rglob("*.deb"))
    return str(caught.value)


def mended(archive: Archive, cache: Path) -> None:
    """Assert that the same cache works once the mirror is honest again."""
    archive.write_suite("trixie", (OLD,))
    archive.write_suite("trixie-updates")
    archive.write_suite("trixie-security", (NEW,))
    assert [p.label for p in resolve(archive, cache).packages] == ["tls 1.0-2"]


@pytest.fixture(params=["first", "later"])
def archive(request: pytest.FixtureRequest, archive: Archive, cache: Path) -> Archive:
    """The archive, never used before, or used with success before it turns bad."""
    if request.param == "later":
        archive.publish({"trixie": (OLD,)})
        assert resolve(archive, cache).packages == ()
        for known in cache.glob("apt/*/*/locks/*"):
            known.unlink()
    archive.publish({"trixie": (OLD,), "trixie-security": (NEW,)})
    return archive


def test_an_unreachable_mirror(archive: Archive, cache: Path) -> None:
    good, archive.url = archive.url, "http://127.0.0.1:9"
    message = refused(archive, cache, "the mirror cannot be reached; check the network and the proxy")
    assert message.startswith("http://127.0.0.1:9: suite trixie")
    archive.url = good
    mended(archive, cache)


def test_a_host_name_that_nobody_knows(archive: Archive, cache: Path) -> None:
    good, archive.url = archive.url, "http://mirror.invalid/debian"
    refused(archive, cache, "the mirror cannot be reached")
    archive.url = good
    mended(archive, cache)


def test_an_unsigned_archive(archive: Archive, cache: Path) -> None:
    signed = archive.index_path("trixie-security")
    text = signed.read_text().partition("\n\n")[2].partition("-----BEGIN PGP SIGNATURE")[0]
    signed.unlink()
    signed.with_name("Release").write_text(text)
    message = refused(archive, cache, "it has no signed index for this suite: it is unsigned")
    assert message.startswith(f"{archive.url}: suite trixie-security: ")
    signed.with_name("Release").unlink()
    mended(archive, cache)


def test_a_signed_index_without_its_signature(archive: Archive, cache: Path) -> None:
    signed = archive.index_path("trixie-security")
    signed.write_text(signed.read_text().partition("\n\n")[2].partition("-----BEGIN PGP SIGNATURE")[0])
    refused(archive, cache, f"{archive.url}: suite trixie-security: its signed index was tampered with")
    mended(archive, cache)


def test_an_expired_index(archive: Archive, cache: Path) -> None:
    archive.write_suite("trixie-security", (NEW,), made=-2 * WEEK, valid_for=WEEK)
    refused(archive, cache, f"{archive.url}: suite trixie-security: its signed index has expired")
    mended(archive, cache)


def test_an_expired_index_serves_a_pinned_lock(archive: Archive, cache: Path) -> None:
    pinned = resolve(archive, cache)
    archive.write_suite("trixie-security", (NEW,), made=-2 * WEEK, valid_for=WEEK)
    root = PrivateRoot(cache / "of the past", archive.mirror(), past=True)
    patches.verify_pinned(pinned, root, parse_status(status(OLD)))


def test_an_index_from_the_future(archive: Archive, cache: Path) -> None:
    archive.write_suite("trixie-security", (NEW,), made=WEEK)
    refused(
        archive, cache, f"{archive.url}: suite trixie-security: its signed index lies in the future; mend this machine"
    )
    mended(archive, cache)


def test_a_tampered_index(archive: Archive, cache: Path) -> None:
    signed = archive.index_path("trixie-security")
    signed.write_text(signed.read_text().replace("Label: Debian", "Label: debian"))
    refused(archive, cache, f"{archive.url}: suite trixie-security: its signed index was tampered with")
    mended(archive, cache)


def test_an_index_signed_by_an_unknown_key(archive: Archive, cache: Path, other_key: Key) -> None:
    archive.write_suite("trixie-security", (NEW,), signed_by=other_key)
    message = refused(archive, cache, "signed by a key that is not in the keyrings")
    assert message.startswith(f"{archive.url}: suite trixie-security: ")
    assert str(archive.key.keyring) in message
    mended(archive, cache)


def test_an_index_of_another_release_under_our_releases_name(archive: Archive, cache: Path) -> None:
    archive.write_suite("trixie-security", (NEW,), codename="bookworm-security")
    refused(archive, cache, f"{archive.url}: suite trixie-security: its signed index is that of another release")
    mended(archive, cache)


def test_a_tampered_package_list(archive: Archive, cache: Path) -> None:
    for name in ("Packages", "Packages.gz"):
        path = archive.root / "dists/trixie-security/main/binary-amd64" / name
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    refused(archive, cache, f"{archive.url}: suite trixie-security: a package list is not what the signed index says")
    mended(archive, cache)


def test_a_missing_package_list(archive: Archive, cache: Path) -> None:
    for name in ("Packages", "Packages.gz"):
        (archive.root / "dists/trixie-security/main/binary-amd64" / name).unlink()
    refused(archive, cache, f"{archive.url}: suite trixie-security: ")
    mended(archive, cache)


@pytest.mark.parametrize("grown", [b"", b"more"])
def test_a_deb_with_other_bytes_than_the_index_says(archive: Archive, cache: Path, grown: bytes) -> None:
    path = archive.deb_path(NEW)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"!" + grown)
    message = refused(archive, cache, "tls: the mirror serves other bytes than its signed index says")
    assert message.startswith(f"{archive.url}: ")
    path.write_bytes(good)
    mended(archive, cache)


def test_a_deb_that_the_mirror_does_not_have(archive: Archive, cache: Path) -> None:
    archive.deb_path(NEW).unlink()
    refused(archive, cache, "tls: named in the index, but the mirror does not have it")
    mended(archive, cache)


def test_a_pinned_package_that_the_mirror_no_longer_has(archive: Archive, cache: Path) -> None:
    pinned = resolve(archive, cache)
    archive.write_suite("trixie-security", (Deb(name="tls", version="1.0-3"),))
    with pytest.raises(LockError) as caught:
        patches.verify_pinned(pinned, PrivateRoot(cache, archive.mirror()), parse_status(status(OLD)), where="my.lock")
    assert str(caught.value) == (
        f"my.lock: packages[0]: tls 1.0-2 is no longer on the mirror {archive.url}; "
        "use a mirror that keeps old versions, or make a new lock with hallmark:patches latest"
    )


def test_a_pinned_lock_that_fits_is_taken_and_fetched(archive: Archive, cache: Path, tmp_path: Path) -> None:
    patches.write_lock(resolve(archive, cache), tmp_path / "my.lock")
    pinned = patches.load_lock(tmp_path / "my.lock")
    root = PrivateRoot(tmp_path / "another cache", archive.mirror())
    patches.verify_pinned(pinned, root, parse_status(status(OLD)))
    patches.fetch(pinned, root, tmp_path / "pool", ignore)
    assert list(patches.debs(pinned, tmp_path / "pool")) == ["tls_1.0-2_amd64.deb"]


def test_a_pinned_lock_for_another_base(archive: Archive, cache: Path) -> None:
    pinned = resolve(archive, cache)
    base = parse_status(status(Deb(name="tls", version="0.9-1")))
    with pytest.raises(
        LockError, match=r"tls: the lock was made for a base with 1\.0-1, this one has 0\.9-1; pin the base too"
    ):
        patches.verify_pinned(pinned, PrivateRoot(cache, archive.mirror()), base)


def test_a_pinned_lock_with_a_hash_that_the_mirror_does_not_vouch_for(archive: Archive, cache: Path) -> None:
    lock = resolve(archive, cache)
    forged = lock.model_copy(update={"packages": (lock.packages[0].model_copy(update={"sha256": "0" * 64}),)})
    with pytest.raises(
        LockError, match=r"packages\[0\]\.sha256: tls 1\.0-2: the mirror's signed index has another hash"
    ):
        patches.verify_pinned(forged, PrivateRoot(cache, archive.mirror()), parse_status(status(OLD)))


def test_the_security_archive_is_named_when_it_is_the_one_that_fails(archive: Archive, cache: Path) -> None:
    mirror = Mirror(main=archive.url, security="http://127.0.0.1:9/security", keyrings=(archive.key.keyring,))
    with pytest.raises(
        MirrorError, match=r"^http://127\.0\.0\.1:9/security: suite trixie-security: .*cannot be reached"
    ):
        PrivateRoot(cache, mirror).update()
