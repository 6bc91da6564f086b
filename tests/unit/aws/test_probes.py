"""What a guest must find no way to: where the host's own partners are, and nothing that means the guest itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hallmark.aws import probes
from hallmark.aws.probes import probes_for
from tests.support.examples import Project

NAMES = {
    "ec2.test": ["192.0.2.9", "192.0.2.7", "192.0.2.8", "192.0.2.9"],
    "s3.test": ["2001:db8::7"],
    "sts.test": ["127.0.0.1", "::1", "169.254.1.1", "fe80::1%eth0", "::", "224.0.0.1"],
    "debian.test": ["198.51.100.4"],
}


def resolve(name: str, _port: int) -> list[str]:
    if name not in NAMES:
        raise OSError(f"{name}: not known")
    return NAMES[name]


class Account:
    """An account whose endpoints are at these names."""

    def client(self, service: str) -> Any:
        """A client, as far as its endpoint."""
        return SimpleNamespace(meta=SimpleNamespace(endpoint_url=f"https://{service}.test"))


def handed_over(folder: Path, main: str, security: str) -> tuple[str, ...]:
    places = Project(folder).places().model_copy(update={"main": main, "security": security})
    account: Any = Account()
    return probes_for(account, places, resolve)


def test_the_host_s_own_partners(tmp_path: Path) -> None:
    assert handed_over(tmp_path, "http://debian.test/debian", "https://debian.test:8443/security") == (
        "192.0.2.7/443=endpoint-of-ec2",
        "192.0.2.8/443=endpoint-of-ec2",
        "2001:db8::7/443=endpoint-of-s3",
        "198.51.100.4/80=mirror",
        "198.51.100.4/8443=security-mirror",
    )


def test_what_cannot_be_resolved_and_what_is_no_server_is_left_out(tmp_path: Path) -> None:
    assert all("endpoint" in one for one in handed_over(tmp_path, "http://gone.test/debian", "file:///srv/security"))


def test_a_resolver_that_is_silent_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_PATIENCE", 0.01)
    places = Project(tmp_path).places().model_copy(update={"main": "http://a.test", "security": "http://a.test"})
    account: Any = Account()

    def slow(_name: str, _port: int) -> list[str]:
        import time

        time.sleep(0.5)
        return ["192.0.2.1"]

    assert probes_for(account, places, slow) == ()


def test_an_address_needs_no_resolver() -> None:
    assert probes._resolve("192.0.2.5", 443) == ["192.0.2.5"]
