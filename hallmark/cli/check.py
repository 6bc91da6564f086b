"""The command `check`: whether a machine, or a disk, is still as its image was released."""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from hallmark.cli.options import Folder, Json, Stack, print_json, say
from hallmark.cli.run import choose_for_image
from hallmark.cli.stacks import is_on_aws, open_store
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import CheckError, SettingsError
from hallmark.common.process import need
from hallmark.drift.released import Released, load_released
from hallmark.drift.report import Report, make_report
from hallmark.drift.ssh import Login, look
from hallmark.store.store import Store

DRIFT = 10
_ID = re.compile(r"[a-z0-9][a-z0-9.-]*-[0-9a-f]{16}")
_PASSWORD_BYTES = 1024


def check(
    target: Annotated[
        str,
        typer.Argument(help="A machine, as ssh is told; or an image's id; or a qcow2 file (by a / or .qcow2 in it)."),
    ],
    image: Annotated[
        str | None, typer.Option(help="The image to compare with; default: the one that the machine says it is of.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="The folder of the image's evidence, where the store does not have it.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", "-p", help="ssh's port.", min=1, max=65535)] = None,
    identity: Annotated[Path | None, typer.Option("-i", help="ssh's key.")] = None,
    option: Annotated[list[str] | None, typer.Option("-o", help="An option of ssh; may be repeated.")] = None,
    sudo_password_fd: Annotated[
        int | None, typer.Option(help="Read sudo's password, one line, from this file descriptor.", min=0)
    ] = None,
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Run an image's checks again, on a live machine over SSH or on a disk; nothing is changed. Exit code 10: drift."""
    known = _Images(stack, store_folder, image, evidence)
    if _is_disk(target):
        report = _check_disk(target, Path(target).absolute(), known, stack)
    elif _ID.fullmatch(target):
        report = _check_image(target, known, stack)
    else:
        words = [*(["-p", str(port)] if port else []), *(["-i", str(identity)] if identity else [])]
        words += [word for each in option or [] for word in ("-o", each)]
        login = Login(host=target, options=tuple(words), password=_password_source(target, sudo_password_fd))
        report = _check_host(login, known)
    if as_json:
        print_json(report.to_json())
    else:
        print("\n".join(report.lines()))
    if report.findings:
        raise typer.Exit(DRIFT)


class _Images:
    """Where images are known: a store, or the one folder of evidence that was named."""

    def __init__(self, stack: str, folder: Path | None, image: str | None, evidence: Path | None) -> None:
        self.image, self._evidence = image, evidence
        self._stack, self._folder = stack, folder
        self.scripts = find_checkout() / "image_scripts"

    @property
    def store(self) -> Store:
        """The store; SettingsError for a stack whose images are on AWS."""
        if self._folder is None and is_on_aws(self._stack):
            raise SettingsError(
                f"stack {self._stack} keeps its evidence elsewhere; fetch the image's folder, and name it by --evidence"
            )
        return open_store(self._stack, self._folder).store

    def find(self, said: str | None, where: str) -> Released:
        """The image that was asked for, or that the machine named. CheckError when it is not known here."""
        if self._evidence is not None:
            released = load_released(self._evidence, self.scripts)
            if said not in (None, released.image) and self.image is None:
                raise CheckError(f"{where}: it is of the image {said}, {self._evidence} is of {released.image}")
            return released
        wanted = self.image or said
        if wanted is None:
            raise CheckError(
                f"{where}: expected a machine of a Hallmark image, its /usr/share/hallmark/image names none; --image ID"
            )
        found = self.store.look_up(wanted) if _ID.fullmatch(wanted) else None
        if found is None:
            raise CheckError(
                f"{where}: expected an image that is known here, got {wanted}; see `hallmark images`, --evidence"
            )
        return load_released(found.evidence, self.scripts)


def _check_host(login: Login, known: _Images) -> Report:
    need("ssh", package="openssh-client")
    script = (known.scripts / "remote.sh").read_text()
    found: list[Released] = []
    notes: list[str] = []

    def answer(said: str | None) -> bytes:
        released = known.find(said, login.host)
        found.append(released)
        notes.extend(released.notes)
        if said != released.image:
            notes.append(f"the machine says it is of {said or 'no image'}; compared with {released.image}")
        return released.archive()

    with tempfile.TemporaryDirectory(prefix="hallmark-check-") as folder:
        results = Path(folder) / "results"
        look(login, script, answer, results)
        return make_report(found[0].order, results, target=login.host, notes=tuple(notes))


def _check_image(name: str, known: _Images, stack: str) -> Report:
    released = known.find(name, name)
    with known.store.using(name) as image:
        return _boot_and_look(name, image.disk, released, known, stack)


def _check_disk(target: str, disk: Path, known: _Images, stack: str) -> Report:
    from hallmark.base.disk_reader import read_image_id

    if not disk.is_file():
        raise CheckError(f"{disk}: expected a qcow2 file, found none")
    with known.store.workdir(f"check-{secrets.token_hex(4)}") as work:
        said = read_image_id(disk, work)
    return _boot_and_look(target, disk, known.find(said, target), known, stack)


def _boot_and_look(target: str, disk: Path, released: Released, known: _Images, stack: str) -> Report:
    from hallmark.local.check import look_at_disk

    with known.store.workdir(f"check-{secrets.token_hex(4)}") as work:
        results = look_at_disk(disk, released, known.scripts, choose_for_image(stack), work=work, say=say)
        return make_report(released.order, results, target=target, notes=released.notes)


def _is_disk(target: str) -> bool:
    return "/" in target or target.endswith(".qcow2")


def _password_source(host: str, descriptor: int | None) -> Callable[[], str]:
    """Who knows sudo's password: a file descriptor, or the person at the terminal."""

    def from_descriptor() -> str:
        assert descriptor is not None
        try:
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                line = stream.readline(_PASSWORD_BYTES)
        except OSError as problem:
            raise CheckError(
                f"--sudo-password-fd {descriptor}: expected a descriptor to read from: {problem.strerror}"
            ) from problem
        return line.decode(errors="surrogateescape").rstrip("\n")

    def from_terminal() -> str:
        try:
            os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError as problem:
            raise CheckError(
                f"{host}: sudo asks for a password, and there is no terminal to ask on; --sudo-password-fd N"
            ) from problem
        return getpass(f"sudo's password on {host}: ", stream=sys.stderr)

    return from_terminal if descriptor is None else from_descriptor
