"""The base: the minimal OS disk that a build starts from.

Debian 13 is built with mmdebstrap from the point release alone, so that a real patch set remains, and shaped like
Debian's own cloud image. What mmdebstrap will install is planned first: so a preview knows the base's inventory before
there is a base, and a base that turns out otherwise is not used. A disk that the user names is taken as it is, once
its SHA-512 is right. Both are cached by fingerprint.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path

from hallmark.base.base_tree import BASE_FILES, LAYOUT_FILES, Tree, build_tree
from hallmark.base.disk import DiskIds, make_disk
from hallmark.base.disk_reader import read_from_disk
from hallmark.common.cache import keep_newest, load_plan, save_plan
from hallmark.common.errors import ProcessError, RecipeError, SettingsError, StoreError
from hallmark.common.files import need_room, remove_tree, sync_tree
from hallmark.common.fingerprint import Sha256, fingerprint, hash_file, hash_tree
from hallmark.common.locks import held
from hallmark.config.disk import PLAIN, Layout, Partition
from hallmark.config.recipe import Recipe
from hallmark.config.settings import NamedBase, Settings
from hallmark.debian.apt import Planned, PrivateRoot
from hallmark.debian.inventory import parse_status
from hallmark.debian.pool import pool_of
from hallmark.order.resolve import Context, ask_the_mirror

SUITE = "trixie"
# Like Debian's own cloud image: it boots by UEFI, configures itself with cloud-init, and is reached by SSH.
PACKAGES = (
    "?essential", "apparmor", "apt", "bash-completion", "ca-certificates", "cloud-guest-utils", "cloud-init", "cron",
    "curl", "dbus", "e2fsprogs", "ethtool", "fdisk", "grub-efi-amd64-bin", "grub-efi-amd64-signed", "grub2-common",
    "initramfs-tools", "iproute2", "iputils-ping", "kmod", "less", "libpam-systemd", "linux-image-cloud-amd64",
    "locales", "logrotate", "lsof", "man-db", "nano", "netbase", "openssh-server", "pciutils", "procps", "psmisc",
    "python3", "shim-signed", "sudo", "systemd-resolved", "systemd-sysv", "systemd-timesyncd", "tzdata", "udev",
    "uuid-runtime", "zstd",
)  # fmt: skip
_FILES = BASE_FILES
_DISK, _STATUS, _KERNEL, _RECORD = "disk.qcow2", "status", "vmlinuz", "base.json"
_ROOM = 4 << 30
_KEPT = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class BasePlan:
    """What a base will be: its identity and its dpkg status, known before it is built.

    `planned` is empty for a disk of the user's own.
    """

    fingerprint: Sha256
    status: str
    epoch: int
    planned: tuple[Planned, ...] = ()
    layout: Layout = PLAIN

    def summary(self) -> list[str]:
        """What will be installed, one line a package, for a preview."""
        return [f"{package.name} {package.to_version}" for package in self.planned]

    def laid_out(self, layout: Layout) -> BasePlan:
        """The same packages on a disk of this layout: another base, unless it is the plain disk."""
        if layout == PLAIN:
            return self
        inputs = {"base": self.fingerprint, "layout": asdict(layout), "files": hash_tree(LAYOUT_FILES)}
        return replace(self, fingerprint=fingerprint("laid-out-base", inputs), layout=layout)


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """A base in the cache: its disk (qcow2, read-only), its dpkg status and its kernel."""

    fingerprint: Sha256
    disk: Path
    status: Path
    kernel: Path


def plan_base(root: PrivateRoot, *, ask: bool = True) -> BasePlan:
    """What mmdebstrap would install from the point release, as the mirror has it now. Raises MirrorError, LockError.

    `root` must have the suite of the point release alone; `ask` is false when this run has just asked the mirror.
    """
    with root.locked():
        if ask:
            root.update()
        planned = root.simulate_install("", PACKAGES, upgrade=False)
        epoch = int(parsedate_to_datetime(root.releases()[0].date).timestamp())
        status = root.status_text(planned)
    inputs = {
        "packages": [[p.name, p.architecture, p.to_version, p.sha256] for p in planned],
        "asked": PACKAGES,
        "files": hash_tree(_FILES),
        "size": PLAIN.size_mib,
        "epoch": epoch,
    }
    return BasePlan(fingerprint=fingerprint("base", inputs), status=status, epoch=epoch, planned=planned)


def plan_named_base(named: NamedBase, cache: Path) -> BasePlan:
    """Take a user's own disk into the cache, verified; SettingsError when it is missing or its SHA-512 is another."""
    identity = fingerprint("named-base", {"sha512": named.sha512})
    folder = _folder(cache, identity)
    if find_base(identity, cache) is None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with held(folder.parent / f"{folder.name}.lock"):
            if find_base(identity, cache) is None:
                _import(named, folder)
    return BasePlan(fingerprint=identity, status=(folder / _STATUS).read_text(), epoch=0)


def plan_the_base(context: Context) -> BasePlan:
    """The base that this stack's images start from. Raises MirrorError, LockError, SettingsError.

    With patches `latest` it asks the mirror for all suites at once: that is this run's one look at it.
    """
    latest = ask_the_mirror(context)
    if context.settings.base is not None:
        return plan_named_base(context.settings.base, context.places.cache)
    return plan_base(context.places.apt_root(SUITE), ask=not latest)


def check_disk(recipe: Recipe, settings: Settings) -> None:
    """RecipeError when a recipe asks for a disk of its own where the stack's base is not made here."""
    if settings.own_base or recipe.disk.laid_out() == PLAIN:
        return
    if settings.platform == "aws":
        theirs, instead = "an AMI of others", "set hallmark:baseAmi to {build: true}"
    else:
        theirs, instead = "a disk of your own", "remove hallmark:base"
    raise RecipeError(
        f"{recipe.path}: disk: expected none, as the stack starts from {theirs}, whose disk is laid out already; "
        f"remove [disk], or {instead}"
    )


def save_base_plan(plan: BasePlan, cache: Path) -> Path:
    """Write a plan where the provider reads it; return the file."""
    document = {
        "fingerprint": plan.fingerprint,
        "status": plan.status,
        "epoch": plan.epoch,
        "planned": [asdict(row) for row in plan.planned],
        "layout": asdict(plan.layout),
    }
    return save_plan("base", json.dumps(document), cache)


def load_base_plan(path: Path) -> BasePlan:
    """Read a plan back; StoreError when it is gone or damaged."""
    document = json.loads(load_plan(path))
    planned, disk = document.pop("planned"), document.pop("layout")
    layout = Layout(size_mib=disk["size_mib"], partitions=tuple(Partition(**row) for row in disk["partitions"]))
    return BasePlan(**document, planned=tuple(Planned(**row) for row in planned), layout=layout)


def require_base(identity: Sha256, cache: Path) -> Base:
    """The base with this fingerprint, verified; StoreError when the cache no longer has it as it was made."""
    found = find_base(identity, cache)
    if found is None:
        raise StoreError(f"{_folder(cache, identity)}: the base has vanished; `hallmark up` makes it anew")
    found.disk.parent.touch()
    record = json.loads((found.disk.parent / _RECORD).read_text())
    if hash_file(found.disk) != record["sha256"]:
        remove_tree(found.disk.parent)
        raise StoreError(
            f"{found.disk}: expected the bytes that were made, got others: damaged or tampered with; "
            "it was removed, and `hallmark up` makes it anew"
        )
    return found


def find_base(identity: Sha256, cache: Path) -> Base | None:
    """The base with this fingerprint when the cache has it whole."""
    folder = _folder(cache, identity)
    if not all((folder / name).exists() for name in (_RECORD, _DISK, _STATUS, _KERNEL)):
        return None
    return Base(fingerprint=identity, disk=folder / _DISK, status=folder / _STATUS, kernel=folder / _KERNEL)


def build_base(plan: BasePlan, root: PrivateRoot, cache: Path, say: Callable[[str], None]) -> Base:
    """The base of a plan, built when the cache lacks it.

    Raises ProcessError when mmdebstrap or a tool fails or the result is not what was planned; MirrorError when a .deb
    cannot be had; SettingsError for want of room.
    """
    parent = cache / "bases"
    parent.mkdir(parents=True, exist_ok=True)
    with held(parent / f"{plan.fingerprint[:16]}.lock"):
        found = find_base(plan.fingerprint, cache)
        if found is not None:
            return found
        need_room(parent, _ROOM, SettingsError)
        with _Staging(parent, plan.fingerprint) as staging:
            _build_into(staging, plan, root, pool_of(cache), say)
            _publish(staging, _folder(cache, plan.fingerprint), {"fingerprint": plan.fingerprint})
    built = find_base(plan.fingerprint, cache)
    assert built is not None
    return built


def _build_into(staging: Path, plan: BasePlan, root: PrivateRoot, pool: Path, say: Callable[[str], None]) -> None:
    ids = DiskIds.of(plan.fingerprint)
    tree = Tree(
        packages=PACKAGES, planned=plan.planned, status=plan.status, epoch=plan.epoch, ids=ids, layout=plan.layout
    )
    archive = staging / "root.tar"
    build_tree(tree, root, pool, archive, say=lambda text: say(f"base: {text}"), log=staging / "mmdebstrap.log")
    say("base: writing the disk")
    make_disk(archive, staging / _DISK, ids=ids, layout=plan.layout, epoch=plan.epoch, work=staging)
    archive.unlink()
    remove_tree(staging / "esp")
    _read_into(staging, staging / _DISK)
    _compare(plan, (staging / _STATUS).read_text())


def _compare(plan: BasePlan, status: str) -> None:
    expected = set(parse_status(plan.status).packages)
    got = set(parse_status(status).packages)
    if expected != got:
        odd = sorted({f"{p.name} {p.version} {p.architecture}" for p in expected ^ got})
        raise ProcessError(
            f"base: expected the {len(expected)} packages that were planned, got {len(got)}; they differ in "
            f"{', '.join(odd[:10])}; the mirror may have moved meanwhile: run again"
        )


def _import(named: NamedBase, folder: Path) -> None:
    with _Staging(folder.parent, folder.name) as staging:
        copy = staging / _DISK
        try:
            need_room(folder.parent, named.disk.stat().st_size * 2, SettingsError)
            shutil.copyfile(named.disk, copy)
        except OSError as error:
            raise SettingsError(
                f"hallmark:base: disk: {named.disk}: expected a qcow2 file: {error.strerror}"
            ) from error
        got = hash_file(copy, algorithm="sha512")
        if got != named.sha512:
            raise SettingsError(
                f"hallmark:base: sha512: {named.disk}: expected {named.sha512[:16]}…, the file has {got[:16]}…; "
                "it is another image or it was damaged or tampered with"
            )
        _read_into(staging, copy)
        _publish(staging, folder, {"sha512": named.sha512})


def _read_into(folder: Path, disk: Path) -> None:
    """Put the disk's dpkg status and newest kernel beside it."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        read_from_disk(disk, Path(scratch), status=folder / _STATUS, kernel=folder / _KERNEL)


def _publish(staging: Path, folder: Path, record: dict[str, object]) -> None:
    (staging / _DISK).chmod(0o444)
    (staging / _RECORD).write_text(json.dumps({**record, "sha256": hash_file(staging / _DISK)}))
    sync_tree(staging)
    if folder.exists():
        remove_tree(folder)
    staging.rename(folder)
    keep_newest(folder.parent, _KEPT, having=_RECORD)  # a machine that runs on one keeps it open


def _folder(cache: Path, identity: str) -> Path:
    return cache / "bases" / identity[:16]


class _Staging:
    """A folder beside the finished bases, removed at the end unless it was renamed; a dead one goes first."""

    def __init__(self, parent: Path, identity: str) -> None:
        self._path = parent / f".{identity[:16]}.staging"

    def __enter__(self) -> Path:
        if self._path.exists():
            remove_tree(self._path)
        self._path.mkdir()
        return self._path

    def __exit__(self, *_: object) -> None:
        if self._path.exists():
            remove_tree(self._path)
