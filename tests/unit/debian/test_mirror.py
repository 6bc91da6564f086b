from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.common.errors import MirrorError, PrerequisiteError
from hallmark.debian.mirror import Mirror, find_keyrings, find_mirror, parse_deb822, parse_one_line

KEYRING = Path("/keys/archive.gpg")


def write(directory: Path, **files: str) -> Path:
    (directory / "sources.list.d").mkdir(exist_ok=True)
    for name, text in files.items():
        base, _, extension = name.rpartition("_")
        (directory / "sources.list.d" / f"{base}.{extension}").write_text(text)
    return directory


def found(directory: Path, main: str | None = None, security: str | None = None) -> tuple[str, str]:
    mirror = find_mirror(main, security, sources=directory, keyrings=(KEYRING,))
    assert mirror.keyrings == (KEYRING,)
    return mirror.main, mirror.security


DEB822 = """\
Types: deb deb-src
# a comment inside
URIs: http://debian.test/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://debian.test/debian-security
Suites: bookworm-security
Components:
 main
 contrib
"""


def test_the_machines_own_mirror_is_taken_from_deb822_sources(tmp_path: Path) -> None:
    write(tmp_path, debian_sources=DEB822)
    assert found(tmp_path) == ("http://debian.test/debian", "http://debian.test/debian-security")


def test_the_machines_own_mirror_is_taken_from_one_line_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://commented.test/debian trixie main\n"
        "deb-src http://source.test/debian trixie main\n"
        "deb [arch=amd64 signed-by=/x.gpg] http://debian.test/debian trixie main contrib # here\n"
        "deb http://debian.test/debian trixie-updates main\n"
        "deb http://security.test/debian-security trixie-security main\n"
    )
    assert found(tmp_path) == ("http://debian.test/debian", "http://security.test/debian-security")


def test_other_vendors_that_use_debians_code_names_are_not_taken(tmp_path: Path) -> None:
    vendor = "deb https://vendor.test/linux/debian trixie stable\ndeb https://other.test/apt trixie main\n"
    write(tmp_path, a_list=vendor, debian_sources=DEB822)
    assert found(tmp_path)[0] == "http://debian.test/debian"


def test_a_disabled_source_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path, debian_sources=DEB822.replace("Types: deb deb-src", "Enabled: no\nTypes: deb"))
    with pytest.raises(MirrorError) as caught:
        found(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: expected apt sources that name a Debian archive, found none; "
        "set the URI with `pulumi config set hallmark:mirror URI`"
    )


def test_the_mirror_lists_of_debians_cloud_images_are_followed(tmp_path: Path) -> None:
    for name in ("debian", "debian-security"):
        (tmp_path / f"{name}.list").write_text(f"# ours\nhttps://cdn.test/{name}/ priority:1\nhttps://b.test\n")
    text = DEB822.replace("http://debian.test/debian-security", f"mirror+file://{tmp_path}/debian-security.list")
    write(tmp_path, debian_sources=text.replace("http://debian.test/debian/", f"mirror+file:{tmp_path}/debian.list"))
    assert found(tmp_path) == ("https://cdn.test/debian", "https://cdn.test/debian-security")


def test_the_settings_win_and_then_no_sources_are_needed(tmp_path: Path) -> None:
    assert found(tmp_path / "absent", "https://a.test/debian/", "file:/srv/s") == (
        "https://a.test/debian",
        "file:/srv/s",
    )


def test_one_setting_is_completed_from_the_sources(tmp_path: Path) -> None:
    write(tmp_path, debian_sources=DEB822)
    assert found(tmp_path, "http://a.test") == ("http://a.test", "http://debian.test/debian-security")


@pytest.mark.parametrize("uri", ["debian.test", "ftp://debian.test", "http://a b", 'http://"', "http://a\nSuites: sid"])
def test_a_setting_that_is_no_uri_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(MirrorError) as caught:
        found(tmp_path, uri, "http://x")
    assert str(caught.value) == f"hallmark:mirror: expected a URI of http, https or file, got {uri!r}"


def test_security_suites_come_from_the_security_archive() -> None:
    mirror = Mirror(main="m", security="s", keyrings=())
    assert [mirror.archive_of(s) for s in ("trixie", "trixie-updates", "trixie-security")] == ["m", "m", "s"]


def test_trixies_keyrings_are_preferred_to_the_one_with_all_keys(tmp_path: Path) -> None:
    everything = tmp_path / "debian-archive-keyring.gpg"
    everything.touch()
    assert find_keyrings(tmp_path) == (everything,)
    (tmp_path / "debian-archive-trixie-stable.gpg").touch()
    assert find_keyrings(tmp_path) == (tmp_path / "debian-archive-trixie-stable.gpg",)


def test_a_missing_keyring_is_named_with_its_package(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="installs package debian-archive-keyring"):
        find_keyrings(tmp_path)


def test_continued_lines_and_several_uris_are_understood() -> None:
    sources = parse_deb822("Types: deb\nURIs: http://a http://b\nSuites:\n sid\nComponents: main\n")
    assert [(s.uri, s.suites) for s in sources] == [("http://a", ("sid",)), ("http://b", ("sid",))]
    assert parse_one_line("nonsense\n") == []


def test_a_key_inside_a_source_and_comments_are_no_trouble() -> None:
    key = " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEX\n -----END PGP PUBLIC KEY BLOCK-----\n"
    text = f"# ours\ntypes: deb\nURIs: http://a\n# not this\nSuites: sid\nComponents: main\nSigned-By:\n{key}"
    (first, second) = parse_deb822(f"{text}\n  \n{text.replace('http://a', 'http://b')}")
    assert (first.uri, first.suites, second.uri) == ("http://a", ("sid",), "http://b")
    assert first.signed_by.startswith("\n -----BEGIN PGP")
