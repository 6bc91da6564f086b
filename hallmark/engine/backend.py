"""Where Pulumi keeps a stack's state and who keeps its secrets: what the caller has set, or else the checkout's own.

A state in a folder: Pulumi writes it to a new file that takes the old one's place at once, but by default it writes a
note of each file's checksum beside it, in place. An engine that is killed between these two leaves an empty note, and
no run reads that state again ("failed to load checkpoint: EOF"). Nothing needs the notes; `metadata=skip` leaves them
out.
"""

from __future__ import annotations

import glob
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from hallmark.common.errors import PrerequisiteError, ProcessError, SettingsError
from hallmark.engine.command import ask_pulumi

_SCHEME = "file://"
_WITHOUT_NOTES = "metadata=skip"
_URL, _PHRASE, _PHRASE_FILE = "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
# `env` sets these for a checkout. From the shell of another checkout they are no choice of the caller's.
_A_CHECKOUTS_STATE = re.compile(r"file://.*/\.hallmark/state\?metadata=skip")
_A_CHECKOUTS_PASSPHRASE = re.compile(r".*/\.hallmark/passphrase")
_PAGES = re.compile(r"(https?://)app\.([^/]+)")
_SERVICE = ("http://", "https://")
# By the scheme of a backend or of a secrets provider: how the names of the variables begin that hold its credentials.
# Those of AWS are passed on always.
_CREDENTIALS = {
    "https": ("PULUMI_ACCESS_TOKEN",),
    "http": ("PULUMI_ACCESS_TOKEN",),
    "gs": ("GOOGLE_", "CLOUDSDK_"),
    "gcpkms": ("GOOGLE_", "CLOUDSDK_"),
    "azblob": ("AZURE_",),
    "azurekeyvault": ("AZURE_",),
    "hashivault": ("VAULT_",),
    "postgres": ("PG",),
}


def backend_in(folder: Path) -> str:
    """The backend's URL for a state in this folder (absolute), as `env` sets it too."""
    return f"{_SCHEME}{folder}?{_WITHOUT_NOTES}"


def without_notes(url: str) -> str:
    """A backend's URL as given, but with no notes beside its files when these are on this machine."""
    if not url.startswith(_SCHEME):
        return url
    path, _, query = url.partition("?")
    if "metadata" in parse_qs(query):
        return url
    return f"{path}?{'&'.join(filter(None, [query, _WITHOUT_NOTES]))}"


def given_backend(environment: Mapping[str, str]) -> str | None:
    """The backend that the caller has chosen; None for none, so that the checkout's own counts.

    SettingsError for a folder that would be another one for who runs elsewhere.
    """
    url = environment.get(_URL, "")
    return None if not url or _A_CHECKOUTS_STATE.fullmatch(url) else _absolute(url, environment.get("HOME", ""))


def _absolute(url: str, home: str) -> str:
    if url.startswith(f"{_SCHEME}~/") and home:
        url = f"{_SCHEME}{home}/{url.removeprefix(f'{_SCHEME}~/')}"
    scheme, _, rest = url.partition("://")
    if not rest or (scheme == "file" and not rest.startswith("/")):
        raise SettingsError(
            f"{_URL}: expected file:///FOLDER, s3://BUCKET, https://api.pulumi.com or another absolute URL, got {url}"
        )
    return without_notes(url)


def state_environment(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Backend and passphrase for an engine. `home` is the folder of the checkout's own, its `.hallmark`.

    A backend that is given comes with its own passphrase where one is given too. The checkout's backend never does: a
    stranger's passphrase would lock this checkout's state.
    """
    ours = {_PHRASE_FILE: str(home / "passphrase")}
    url = given_backend(environment)
    if url is None:
        return {_URL: backend_in(home / "state"), **ours}
    if _PHRASE in environment:
        return {_URL: url, _PHRASE: environment[_PHRASE]}
    file = environment.get(_PHRASE_FILE, "")
    if not file or _A_CHECKOUTS_PASSPHRASE.fullmatch(file):
        return {_URL: url, **ours}
    return {_URL: url, _PHRASE_FILE: file}


def credentials(environment: Mapping[str, str], *urls: str) -> dict[str, str]:
    """The variables that backends and secrets providers sign in with, and no others."""
    beginnings = tuple(word for url in urls for word in _CREDENTIALS.get(url.partition("://")[0], ()))
    return {name: value for name, value in environment.items() if beginnings and name.startswith(beginnings)}


def folder_of(url: str) -> Path | None:
    """The folder of a state on this machine; None for a state elsewhere, whose files are not ours to look into."""
    return Path(url.removeprefix(_SCHEME).partition("?")[0]) if url.startswith(_SCHEME) else None


def is_service(url: str) -> bool:
    """Whether the backend is Pulumi Cloud or one like it: it has organizations, and keeps secrets by itself."""
    return url.startswith(_SERVICE)


def ask_backend(environment: Mapping[str, str], folder: Path) -> str:
    """The backend that the CLI uses in this folder: the variable's, or else that of Pulumi.yaml or `pulumi login`.

    PrerequisiteError without a CLI; ProcessError, with its own words, when it does not say.
    """
    if named := environment.get(_URL):
        return _absolute(named, environment.get("HOME", ""))
    pulumi = shutil.which("pulumi", path=environment.get("PATH"))
    if pulumi is None:
        raise PrerequisiteError("pulumi: not found on PATH; run `. ./env` in the checkout first")
    said = ask_pulumi(pulumi, ["whoami", "--json", "--non-interactive"], environment=environment, folder=folder)
    try:
        url = str(json.loads(said)["url"])
    except (ValueError, KeyError, TypeError) as error:
        raise ProcessError(f"pulumi whoami: expected JSON with a url, got {said.strip()[:200]}") from error
    if not url:
        raise ProcessError(f"pulumi whoami: does not say which service it is signed in to; name it in {_URL}")
    if page := _PAGES.match(url):
        # It names the pages for people; the engine wants the address for programs.
        return f"{page[1]}api.{page[2]}"
    return _absolute(url, environment.get("HOME", ""))


def secrets_provider(stack_file: Mapping[str, Any], backend: str) -> str:
    """Who keeps the secrets of a stack, by what Pulumi wrote into the stack's file.

    Pulumi writes neither of the two for what the backend does by itself: `default`.
    """
    if named := stack_file.get("secretsprovider"):
        return str(named)
    return "default" if is_service(backend) and not stack_file.get("encryptionsalt") else "passphrase"


def remove_unfinished(url: str, project: str, stack: str) -> None:
    """Remove what a killed engine had begun to write of a stack, when its state is on this machine.

    For who knows that no engine has the stack. Elsewhere nothing unfinished is seen: a bucket takes a file whole.
    """
    folder = folder_of(url)
    if folder is not None:
        for path in (folder / ".pulumi/stacks" / project).glob(f"{glob.escape(stack)}.json.*.tmp"):
            path.unlink(missing_ok=True)
