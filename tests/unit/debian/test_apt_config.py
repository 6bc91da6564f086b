from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.debian import apt_config
from hallmark.debian.mirror import Mirror

DUMPED = """\
Acquire::http::Proxy "http://apt.test:3142";
Acquire::http::Proxy::internal.test "DIRECT";
Acquire::https::CAInfo "/etc/ssl/ours.pem";
Acquire::https::Verify-Peer "false";
Acquire::Check-Valid-Until "false";
APT::Get::AllowUnauthenticated "true";
"""


def dumping(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(apt_config, "_host_configuration", lambda: text)


def test_only_the_way_to_the_network_is_carried_over(monkeypatch: pytest.MonkeyPatch) -> None:
    dumping(monkeypatch, DUMPED)
    assert apt_config.connection_settings({}) == {
        "Acquire::http::Proxy": "http://apt.test:3142",
        "Acquire::http::Proxy::internal.test": "DIRECT",
        "Acquire::https::CAInfo": "/etc/ssl/ours.pem",
    }


def test_the_environments_proxies_are_used_where_apt_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    dumping(monkeypatch, DUMPED)
    environment = {
        "http_proxy": "http://env.test:1",
        "HTTPS_PROXY": "http://env.test:2",
        "no_proxy": "x",
        "SECRET": "y",
    }
    carried = apt_config.connection_settings(environment)
    assert carried["Acquire::http::Proxy"] == "http://apt.test:3142"
    assert carried["Acquire::https::Proxy"] == "http://env.test:2"


def test_a_proxy_that_would_break_out_of_its_quotes_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    dumping(monkeypatch, "")
    assert apt_config.connection_settings({"http_proxy": 'http://x";\nAPT::Get::AllowUnauthenticated "true'}) == {}


def test_each_suite_comes_from_its_archive_and_only_main_is_used() -> None:
    mirror = Mirror(main="http://m", security="http://s", keyrings=())
    assert apt_config.sources(mirror, ("trixie", "trixie-security"), "amd64") == (
        "Types: deb\nURIs: http://m\nSuites: trixie\nComponents: main\nArchitectures: amd64\n\n"
        "Types: deb\nURIs: http://s\nSuites: trixie-security\nComponents: main\nArchitectures: amd64\n"
    )


def test_the_configuration_names_no_path_outside_its_root() -> None:
    text = apt_config.configuration(Path("/c/home"), Path("/c"), "arm64", {})
    paths = [line.split('"')[1] for line in text.splitlines() if ' "/' in line]
    assert [path for path in paths if not path.startswith("/c/") and path not in ("/c", "/dev/null")] == []
    assert 'APT::Architecture "arm64";' in text
