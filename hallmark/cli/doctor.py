"""The command `doctor`: what a build needs, looked at before one; each line says what is there, or how to mend it."""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hallmark.cli.options import Json, print_json
from hallmark.cli.stacks import cache_folder, is_on_aws, open_account, open_store, require_stack
from hallmark.common.checkout import find_checkout
from hallmark.common.concurrency import count_slots
from hallmark.common.errors import HallmarkError, MirrorError, PrerequisiteError, ProcessError
from hallmark.common.files import need_room
from hallmark.common.fingerprint import fingerprint
from hallmark.common.process import PATH
from hallmark.config.recipe import MachineShape
from hallmark.config.settings import PROJECT, load_settings
from hallmark.config.stack_file import read_stack_config
from hallmark.debian.mirror import find_mirror
from hallmark.engine.engine import Engine
from hallmark.engine.plugins import need_plugins
from hallmark.local.accelerator import KVM, choose_accelerator

if TYPE_CHECKING:
    from hallmark.aws.session import Aws
    from hallmark.config.settings import Settings

_MISSING = 3
_GIB = 1024**3
_CACHE_ROOM, _STORE_ROOM = 4 * _GIB, 3 * _GIB
_MIRROR_SECONDS = 15.0
_PACKAGES = "tools/setup/packages.txt"
"""The list that set-up installs from; its first lines say what is in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at: what is there; when it will not do, what to do about it."""

    name: str
    good: bool
    says: str
    remedy: str = ""


def doctor(
    stack: Annotated[str, typer.Option("--stack", "-s", help="The stack that is to be built.")] = "local",
    as_json: Json = False,
    upload: Annotated[
        bool, typer.Option("--upload", help="On AWS, upload 8 MiB too, read it back and remove it: far below a cent.")
    ] = False,
) -> None:
    """Look whether a build of a stack could start: tools, memory, disk, KVM, mirror; on AWS the account too.

    There a network is made, read back and removed again, which costs nothing.
    """
    require_stack(stack)
    found = []
    for finding in examine(stack, upload=upload):
        found.append(finding)
        if not as_json:
            print(f"{'ok     ' if finding.good else 'MISSING'}  {finding.name:14} {finding.says}", flush=True)
            if finding.remedy:
                print(f"{'':9}{'':14} -> {finding.remedy}", flush=True)
    good = all(finding.good for finding in found)
    if as_json:
        print_json({"stack": stack, "good": good, "findings": [asdict(finding) for finding in found]})
    if not good:
        raise typer.Exit(_MISSING)


def examine(stack: str, *, upload: bool = False) -> Iterator[Finding]:
    """What was found, one by one, the cheapest first. SettingsError for a stack whose configuration is wrong."""
    config = read_stack_config(find_checkout(), stack)
    settings = load_settings(config, where=f"stacks/Pulumi.{stack}.yaml")
    on_aws = is_on_aws(stack)
    yield _look("set-up", _set_up)
    yield _tools()
    if not on_aws:
        shape = MachineShape()
        yield _look("memory", lambda: f"room for {count_slots(shape.memory_mib, None)} machine(s) at once")
    yield _look("cache", lambda: _room(cache_folder(stack), _CACHE_ROOM))
    yield _look("store", lambda: _room(open_store(stack).store.root, _STORE_ROOM))
    if not on_aws:
        yield _look("KVM", lambda: _kvm(cache_folder(stack)))
    yield _look("mirror", lambda: _mirror(settings))
    if on_aws:
        yield _look("plugins", _plugins)
        yield from _account(stack, settings, upload=upload)


def _look(name: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, good=True, says=ask())
    except HallmarkError as error:
        # Ours end with what to do, behind the last semicolon.
        says, _, remedy = str(error).rpartition("; ")
        return Finding(name=name, good=False, says=says or remedy, remedy=remedy if says else "")


def _set_up() -> str:
    engine = Engine(find_checkout(), os.environ)
    program = engine.program()
    if not (find_checkout() / ".hallmark/passphrase").exists():
        raise PrerequisiteError("no passphrase in .hallmark; `make setup` makes it")
    return f"pulumi is {program}"


def _tools() -> Finding:
    package_of = read_tools(find_checkout())
    missing = [name for name in package_of if shutil.which(name, path=PATH) is None]
    if not missing:
        return Finding(name="tools", good=True, says=f"all {len(package_of)} programs are there")
    packages = " ".join(sorted({package_of[name] for name in missing}))
    remedy = f"`make setup` installs them (packages {packages})"
    return Finding(name="tools", good=False, says=f"not found: {', '.join(missing)}", remedy=remedy)


def read_tools(root: Path) -> dict[str, str]:
    """The programs that a build runs → the Debian package that has each, by the list that set-up installs from."""
    rows = (line.split() for line in (root / _PACKAGES).read_text().splitlines() if not line.startswith("#"))
    return {program: name for name, _version, _origin, *programs in rows for program in programs if program != "-"}


def _room(folder: Path, size: int) -> str:
    need_room(folder, size, PrerequisiteError)
    return f"{folder}: at least {size // _GIB} GiB free"


def _kvm(cache: Path) -> str:
    """No KVM is no fault: emulation does the same, in ten times the time."""
    device = Path("/dev/kvm")
    if not device.exists():
        return "none on this machine: guests are emulated, a build takes ten times as long"
    if not os.access(device, os.R_OK | os.W_OK):
        raise PrerequisiteError(f"{device} is not open to this user; `sudo adduser $USER kvm`, then sign in anew")
    kernels = sorted((cache / "bases").glob("*/vmlinuz*"))
    if not kernels:
        return "the device opens; the first build tries it with a kernel"
    tried = choose_accelerator(kernels[-1], cache)
    return "a kernel starts under it" if tried is KVM else "no kernel starts under it: guests are emulated"


def _mirror(settings: Settings) -> str:
    mirror = find_mirror(settings.mirror, settings.security_mirror)
    for base, suite in ((mirror.main, "trixie"), (mirror.security, "trixie-security")):
        url = f"{base.rstrip('/')}/dists/{suite}/InRelease"
        if not url.startswith(("http://", "https://", "file:///")):
            continue  # apt knows schemes that we do not
        try:
            with urllib.request.urlopen(url, timeout=_MIRROR_SECONDS) as answer:  # noqa: S310 # by the schemes above
                answer.read(1)
        except (OSError, ValueError) as error:
            raise MirrorError(
                f"{url}: {getattr(error, 'reason', error)}; set hallmark:mirror and hallmark:securityMirror, "
                "or http_proxy"
            ) from error
    return f"{mirror.main} and {mirror.security} answer"


def _plugins() -> str:
    need_plugins(Engine(find_checkout(), os.environ).environment())
    return "Pulumi's plugins for AWS are there"


def _account(stack: str, settings: Settings, *, upload: bool = False) -> Iterator[Finding]:
    """The preflight of a build, step by step, which only reads; then a network that is made and removed again.

    With `upload` a snapshot too.
    """
    aws = open_account(stack)
    for name, ask in _account_steps(aws, settings, stack, upload=upload):
        finding = _look(name, ask)
        yield finding
        if not finding.good:
            # What comes after asks with what this one would have found.
            return


def _account_steps(
    aws: Aws, settings: Settings, stack: str, *, upload: bool
) -> Iterator[tuple[str, Callable[[], str]]]:
    from hallmark.aws import preflight
    from hallmark.aws.base import BaseAmi, describe_own_base
    from hallmark.aws.site import find_wanted
    from hallmark.aws.trial_network import trial_labels

    kind, key, wanted = settings.instance_type, str(settings.kms_key), settings.base_ami
    known: dict[str, str] = {}

    def credentials() -> str:
        known["account"] = preflight.check_credentials(aws)
        return f"account {known['account']} in {aws.settings.region}"

    yield "credentials", credentials
    bases: list[BaseAmi] = []

    def fits() -> str:
        if wanted.build:
            bases.append(describe_own_base(fingerprint("own base", {})))
            return "our own, which the first `up` uploads and registers"
        bases.append(find_wanted(aws, wanted))
        return f"{bases[0].id} ({bases[0].name})"

    yield "base", fits
    vcpus: list[int] = []

    def offered() -> str:
        vcpus.append(preflight.check_type(aws, kind, bases[0]))
        return f"{kind} in {', '.join(preflight.find_zones(aws, kind))}"

    yield "type", offered

    def usable() -> str:
        known["key"] = preflight.check_key(aws, key)
        return known["key"]

    yield "key", usable
    yield "quota of VPCs", lambda: f"room for {preflight.find_room(aws, known['account'])} more"

    def cpus() -> str:
        preflight.check_vcpus(aws, kind, vcpus[0])
        return f"room for {kind}, as far as Service Quotas says"

    yield "quota of vCPUs", cpus

    def may_start() -> str:
        if wanted.build:
            return "not asked: it needs an AMI, and our own may not be there yet"
        labels = trial_labels(aws, PROJECT, stack, "build")
        request = preflight.PreflightRequest(
            base=bases[0], instance_type=kind, kms_key=key, tags=labels.passing(datetime.now(UTC) + timedelta(hours=1))
        )
        preflight.check_run(aws, request, known["key"])
        return f"a machine of type {kind} may be started (nothing was)"

    yield "dry run", may_start

    yield "network", lambda: _network(aws, kind, stack)
    if upload:
        yield "upload", lambda: _upload(aws, known["key"], stack)


def _network(aws: Aws, instance_type: str, stack: str) -> str:
    """A network as a build makes one, in the zone that it would take; it is gone again."""
    from hallmark.aws import preflight
    from hallmark.aws.trial_network import trial_labels, try_network

    zone = preflight.find_zones(aws, instance_type)[0]
    environment = Engine(find_checkout(), os.environ).environment()
    try:
        labels = trial_labels(aws, PROJECT, stack)
        try_network(aws, labels, zone, cache_folder(stack) / "trial", environment, lambda _: None)
    except ProcessError as error:
        raise ProcessError(f"{error}; docs/iam/pipeline.json lists what a build may do") from error
    return f"one was made in {zone}, led nowhere by its read-back, and is gone again"


def _upload(aws: Aws, key: str, stack: str) -> str:
    """A snapshot of a few blocks under the stack's key; it is gone again."""
    from hallmark.aws.trial_network import trial_labels
    from hallmark.aws.trial_upload import SIZE_MIB, try_upload

    labels = trial_labels(aws, PROJECT, stack, "upload")
    with tempfile.TemporaryDirectory(dir=cache_folder(stack)) as folder:
        blocks = try_upload(aws, labels, key, Path(folder), lambda _: None)
    return f"{SIZE_MIB} MiB went into a snapshot, came back as {blocks} blocks, and are gone again"
