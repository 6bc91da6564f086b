"""The files of a private apt root: configuration, sources, keyrings; nothing of the host's /etc/apt but its proxies."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from hallmark.common.errors import PrerequisiteError
from hallmark.common.files import remove_tree, write_atomic
from hallmark.common.process import run
from hallmark.debian.mirror import Mirror

_CARRIED = re.compile(
    r'^(?P<key>Acquire::https?::(?:Proxy(?:::\S+)?|Proxy-Auto-Detect|CAInfo)) "(?P<value>[^"\n]+)";$', re.MULTILINE
)
_UNQUOTABLE = re.compile(r'["\n\\]')


def write_root(
    home: Path, shared: Path, mirror: Mirror, suites: Sequence[str], *, architecture: str, past: bool
) -> None:
    """Write what apt reads; files that are right already are left alone."""
    for directory in (
        home / "cache" / "archives" / "partial",
        shared / "lists" / "partial",
        shared / "trusted",
        home / "empty.d",
    ):
        directory.mkdir(parents=True, exist_ok=True)
    for keyring in mirror.keyrings:
        name = keyring.name if keyring.suffix in (".gpg", ".asc") else f"{keyring.stem}.gpg"
        _write(shared / "trusted" / name, keyring.read_bytes())
    _write(home / "sources.sources", sources(mirror, suites, architecture).encode())
    extra = {**connection_settings(), "Acquire::Check-Valid-Until": "false" if past else "true"}
    _write(home / "apt.conf", configuration(home, shared, architecture, extra).encode())


def sweep_lists(shared: Path, *, all_of_them: bool) -> None:
    """Remove what a failed update left half-done, or all lists when what apt took over cannot be trusted."""
    remove_tree(shared / "lists" if all_of_them else shared / "lists" / "partial")


def sources(mirror: Mirror, suites: Sequence[str], architecture: str) -> str:
    """The sources of a private root: only `main`, only this architecture."""
    stanza = "Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\nArchitectures: {architecture}\n"
    return "\n".join(stanza.format(uri=mirror.archive_of(s), suite=s, architecture=architecture) for s in suites)


def configuration(home: Path, shared: Path, architecture: str, extra: Mapping[str, str]) -> str:
    """The apt.conf of a private root. Absent files are named so that apt finds nothing rather than the host's."""
    for path in (home, shared):
        if _UNQUOTABLE.search(str(path)):
            raise PrerequisiteError(
                f"{path}: apt cannot use a path with quotes or backslashes; set another hallmark:cache"
            )
    settings = {
        "Dir": home,
        "Dir::Etc": home,
        "Dir::Etc::main": home / "absent",
        "Dir::Etc::parts": home / "empty.d",
        "Dir::Etc::netrc": home / "absent",
        "Dir::Etc::netrcparts": home / "empty.d",
        "Dir::Etc::preferences": home / "absent",
        "Dir::Etc::preferencesparts": home / "empty.d",
        "Dir::Etc::sourcelist": home / "sources.sources",
        "Dir::Etc::sourceparts": home / "empty.d",
        "Dir::Etc::trusted": home / "absent.gpg",
        "Dir::Etc::trustedparts": shared / "trusted",
        "Dir::State": home,
        "Dir::State::lists": shared / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::State::extended_states": home / "extended_states",
        "Dir::Cache": home / "cache",
        "Dir::Log": home,
        "APT::Architecture": architecture,
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "APT::Install-Suggests": "false",
        "APT::Get::AllowUnauthenticated": "false",
        "APT::Get::List-Cleanup": "false",
        "APT::Update::Error-Mode": "any",
        "APT::Solver": "internal",
        "Acquire::Check-Date": "true",
        "Acquire::AllowInsecureRepositories": "false",
        "Acquire::AllowWeakRepositories": "false",
        "Acquire::AllowDowngradeToInsecureRepositories": "false",
        "Acquire::AllowReleaseInfoChange::Codename": "true",  # judged by us
        "Acquire::AllowReleaseInfoChange::Suite": "true",  # stable becomes oldstable one day
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::Retries::Delay": "false",  # with a delay apt 2.6 can wait for ever, when other files come meanwhile
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
        "Debug::NoLocking": "true",
        **extra,
    }
    lines = [f'{key} "{value}";' for key, value in settings.items()]
    return "\n".join(
        [
            "#clear APT::Architectures;",
            "#clear Acquire::IndexTargets::deb::Translations;",
            "#clear Acquire::IndexTargets::deb::DEP-11;",
            f'APT::Architectures {{ "{architecture}"; }};',
            *lines,
            "",
        ]
    )


def connection_settings(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """How this machine reaches the network: the proxies (and CA) of its apt configuration, else of the environment."""
    carried: dict[str, str] = {}
    for scheme in ("http", "https"):
        proxy = environment.get(f"{scheme}_proxy") or environment.get(f"{scheme.upper()}_PROXY")
        if proxy and not _UNQUOTABLE.search(proxy):
            carried[f"Acquire::{scheme}::Proxy"] = proxy
    carried.update((match["key"], match["value"]) for match in _CARRIED.finditer(_host_configuration()))
    return carried


@functools.cache
def _host_configuration() -> str:
    """What this machine's apt is set to. Asked once for a run: the recipes of a stack get the same answer."""
    return run(["apt-config", "dump"], timeout=30).stdout


def _write(path: Path, content: bytes) -> None:
    """Replace a file when its content differs; readable by us alone, for a proxy may carry a password."""
    if not path.is_file() or path.read_bytes() != content:
        write_atomic(path, content, mode=0o600)
