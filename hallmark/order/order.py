"""What one image is to be made of, resolved and fixed: the inputs of build and acceptance, and their identities.

Place in the pipeline: after the patch lock, before the media. An order is plain data: it goes through Pulumi's state as
JSON and is all that build and acceptance need. Paths in it say where things are; they are no part of an identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from hallmark.common import errors
from hallmark.common.cache import load_plan, save_plan
from hallmark.common.errors import ControlError, HallmarkError, MediaError, RecipeError
from hallmark.common.fingerprint import Sha256, fingerprint, hash_bytes, hash_file
from hallmark.common.iso import manifest_lines
from hallmark.common.validation import STRICT
from hallmark.config.recipe import Judge, MachineShape, Recipe
from hallmark.controls.files import Row, Severity
from hallmark.controls.plan import (
    Plan,
    PlannedControl,
    compile_plan,
    expected_table,
    load_controls,
    load_profile,
    lock_table,
    recipe_environment,
)
from hallmark.debian.inventory import Inventory
from hallmark.debian.lock import PatchLock
from hallmark.judges.tools import Tools

# Entry points and what they source, then what the controls source; controls themselves come by the plan.
_SHARED = ("stages.sh", "lib.sh", "isolation.sh", "controls.sh", "lib_access.sh", "packages.sh", "sockets.sh")
_PYTHON = (
    "families.py",
    "kernel_modules.py",
    "lib.py",
    "netprobe.py",
    "pam.py",
    "people.py",
    "run_checks.py",
    "sessions.py",
)
BUILD_SCRIPTS = ("build.sh", "patch.sh", "boot_files.sh", "seal.sh", *_SHARED, *_PYTHON)
ACCEPTANCE_SCRIPTS = ("accept.sh", *_SHARED, *_PYTHON)
DRIFT_SCRIPTS = ("drift.sh", "remote.sh", "stages.sh")
"""What starts an image's checks on a disk (with `stages.sh`), and over SSH; no part of what releases it."""
JUDGES_SCRIPT = "judges.sh"
"""What runs the judges that are not ours; on the media of a recipe that asks for some."""
JUDGE_SCRIPTS = ("judge.sh", JUDGES_SCRIPT, "stages.sh", "lib.sh", "isolation.sh")
"""What has an image judged that was accepted before."""
INVENTORY_SCRIPTS = ("inventory.sh", "stages.sh", "lib.sh", "isolation.sh")
BOOTSTRAP = "bootstrap.sh"
CHANGED = "changed while this run was under way; run again"
_KERNEL = re.compile(r"linux-image-[0-9]")
BOOT_SECONDS = 600
ExpectedNetwork = Literal["none", "imds"]
"""What a guest finds around it: no interface at all; or one, that reaches AWS's link-local services alone."""


_REFUSED = "refused"


class _Refused(BaseModel):
    """The error that kept an order from being made: the name of its class, and its message."""

    kind: str
    message: str


class PlannedRow(BaseModel):
    """A planned control as it goes through Pulumi's state."""

    model_config = STRICT
    id: str
    title: str
    requirements: tuple[str, ...]
    environment: dict[str, str]
    waiver: str | None
    may_not_apply: bool
    severity: Severity = "medium"
    packages: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    table: tuple[Row, ...] = ()


class Order(BaseModel):
    """One image to be made. `files` and `tests` are media contents: name → SHA-256, for build and acceptance."""

    model_config = STRICT
    recipe: str
    recipe_text: str
    scripts: Path
    base: Sha256
    lock: PatchLock
    plan: tuple[PlannedRow, ...]
    plan_files: dict[str, str]
    acceptance_scripts: dict[str, Path]
    administrators: tuple[str, ...]
    build_hashes: dict[str, str]
    acceptance_hashes: dict[str, str]
    bootstrap: Sha256
    shape: MachineShape
    hardware: dict[str, str] = {}
    expected_network: ExpectedNetwork = "none"
    deadline_minutes: int
    inventory: tuple[tuple[str, str, str], ...]
    judges: tuple[Judge, ...] = ()
    tools: Tools | None = None

    @property
    def fingerprint(self) -> Sha256:
        """The image's identity: base, shape, user data and every byte on the media."""
        inputs = {
            "base": self.base,
            "media": self.build_hashes,
            "bootstrap": self.bootstrap,
            "shape": self.hardware or self.shape.model_dump(),
        }
        return fingerprint("image", inputs)

    @property
    def acceptance_fingerprint(self) -> Sha256:
        """The identity of judging this image: the image, the tests, and who is to sign in."""
        inputs = {"image": self.fingerprint, "media": self.acceptance_hashes, "administrators": self.administrators}
        # Which judges run is on the media; what is asked of them is not.
        asked = {judge.label: [judge.least_score, *(each.rule for each in judge.exceptions)] for judge in self.judges}
        return fingerprint("acceptance", {**inputs, **({"judges": asked} if asked else {})})

    @property
    def build_manifest(self) -> Sha256:
        """The identity of the patch media: the hash that their MANIFEST must have."""
        return hash_bytes(manifest_lines(self.build_hashes))

    @property
    def acceptance_manifest(self) -> Sha256:
        """The hash that the MANIFEST of the acceptance's media must have."""
        return hash_bytes(manifest_lines(self.acceptance_hashes))

    @property
    def acceptance_entries(self) -> tuple[str, ...]:
        """The scripts of the acceptance that are no control's."""
        return entries_with(self.judges)

    def bootstrap_file(self) -> Path:
        """The bootstrap script; MediaError when it is no longer the one that was ordered."""
        path = self.scripts / BOOTSTRAP
        if hash_file(path) != self.bootstrap:
            raise MediaError(f"{path}: {CHANGED}")
        return path

    def compiled_plan(self) -> Plan:
        """The plan, for judging what the guest reports."""
        return Plan(controls=tuple(PlannedControl(**row.model_dump()) for row in self.plan))

    def expected(self) -> tuple[tuple[str, str, str], ...]:
        """Name, version, architecture of all that the image may hold: the base, patched, with the recipe's packages."""
        rows = (line.split("\t") for line in self.plan_files["plan/expected.tsv"].splitlines())
        return tuple((name, version, architecture) for name, version, architecture in rows)

    def superseded(self) -> tuple[tuple[str, str, str], ...]:
        """The base's packages that the build removes because the lock brings their successors."""
        names = self.plan_files["plan/superseded"].split()
        return tuple(row for row in self.inventory if row[0] in names)

    def patch_summary(self) -> list[str]:
        """A line for each package of the lock, as it tells them; and for which controls it comes."""
        brought = self.compiled_plan().packages
        lines = zip(self.lock.packages, self.lock.summary(), strict=True)
        return [f"{line}, for {' and '.join(brought[p.name])}" if p.name in brought else line for p, line in lines]

    def controls_summary(self) -> dict[str, str]:
        """Control → hash of its scripts and values: what a preview shows when a control changes."""
        return {row.id: self._control_hash(row)[:12] for row in self.plan}

    def _control_hash(self, row: PlannedRow) -> str:
        prefix = f"image_scripts/controls/{row.id}/"
        scripts = {name: digest for name, digest in self.build_hashes.items() if name.startswith(prefix)}
        table = {"table": row.table} if row.table else {}
        return fingerprint("control", {"scripts": scripts, "environment": row.environment, **table})


def make_order(
    recipe: Recipe,
    plan: Plan,
    *,
    scripts: Path,
    base: Sha256,
    inventory: Inventory,
    lock: PatchLock,
    expected_network: ExpectedNetwork = "none",
    hardware: Mapping[str, str] | None = None,
    tools: Tools | None = None,
) -> Order:
    """Fix a recipe and its plan against a base and a lock. Raises ControlError and RecipeError for what does not fit.

    `hardware` is what a platform that does not take the recipe's shape runs it on (instance type, key). `tools` are
    those of the recipe's judges.
    """
    _require_python(recipe, plan, scripts, inventory, lock)
    tests = recipe.acceptance_scripts()
    texts = _plan_files(recipe, plan, inventory, lock, expected_network)
    plan_hashes = {name: hash_bytes(text.encode()) for name, text in texts.items()}
    build = {
        **_script_hashes(scripts, BUILD_SCRIPTS, plan, ("apply", "check")),
        **plan_hashes,
        **{f"debs/{package.filename}": package.sha256 for package in lock.packages},
    }
    acceptance = {
        **_script_hashes(scripts, entries_with(recipe.judge), plan, ("check",)),
        **plan_hashes,
        **{f"acceptance/{name}": hash_file(path) for name, path in tests.items()},
        **judges_hashes(recipe.judge, tools),
    }
    return Order(
        recipe=recipe.name,
        recipe_text=recipe.text,
        scripts=scripts.absolute(),
        base=base,
        lock=lock,
        plan=tuple(PlannedRow(**asdict(control)) for control in plan.controls),
        plan_files=texts,
        acceptance_scripts={name: path.absolute() for name, path in tests.items()},
        administrators=recipe.administrators,
        build_hashes=build,
        acceptance_hashes=acceptance,
        bootstrap=hash_file(scripts / BOOTSTRAP),
        shape=recipe.machine,
        hardware=dict(hardware or {}),
        expected_network=expected_network,
        deadline_minutes=recipe.deadline_minutes,
        inventory=tuple((p.name, p.version, p.architecture) for p in inventory.packages),
        judges=recipe.judge,
        tools=tools,
    )


def save_order(order: Order, cache: Path) -> Path:
    """Write an order where the providers read it; return the file."""
    return save_plan("order", order.model_dump_json(), cache)


def load_order(path: Path) -> Order:
    """Read an order back; StoreError when it is gone or damaged. Of a refused one, the error that refused it."""
    text = load_plan(path)
    if path.name.startswith(_REFUSED):
        refused = _Refused.model_validate_json(text)
        raise getattr(errors, refused.kind)(refused.message)
    return Order.model_validate_json(text)


def save_refusal(error: HallmarkError, cache: Path) -> Path:
    """Write, where the providers read orders, why there is none: the step that reads it fails with this error."""
    return save_plan(_REFUSED, _Refused(kind=type(error).__name__, message=str(error)).model_dump_json(), cache)


def entries_with(judges: Sequence[Judge]) -> tuple[str, ...]:
    """The scripts of an acceptance with these judges that are no control's."""
    return (*ACCEPTANCE_SCRIPTS, *([JUDGES_SCRIPT] if judges else []))


def judges_files(judges: Sequence[Judge], tools: Tools | None) -> dict[str, Path | bytes]:
    """What media hold for these judges besides the script: their tools, and a line of name and profile for each."""
    if tools is None:
        return {}
    asked = "".join(f"{judge.name} {judge.profile or '-'}\n" for judge in judges)
    return {"judges/asked": asked.encode(), "judges/tools.tar": tools.tree}


def judges_hashes(judges: Sequence[Judge], tools: Tools | None) -> dict[str, str]:
    """The same by hash."""
    if tools is None:
        return {}
    files = judges_files(judges, tools)
    return {name: hash_bytes(data) if isinstance(data, bytes) else tools.sha256 for name, data in files.items()}


def script_paths(
    scripts: Path, names: tuple[str, ...], controls: tuple[str, ...], parts: tuple[str, ...]
) -> dict[str, Path]:
    """Name on the media → file, for entry points and the planned controls' scripts and data."""
    paths = {f"image_scripts/{name}": scripts / name for name in names}
    for control in controls:
        folder = scripts / "controls" / control
        other = {"apply", "check", "control"} - set(parts)
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.stem not in other:
                paths[f"image_scripts/controls/{control}/{path.name}"] = path
    return paths


def superseded_kernels(inventory: Inventory, lock: PatchLock) -> tuple[str, ...]:
    """The base's kernels that give way because the lock brings another: an image has one kernel, the newest."""
    brought = [package.name for package in lock.packages if _KERNEL.match(package.name)]
    installed = [package.name for package in inventory.packages if _KERNEL.match(package.name)]
    return tuple(name for name in installed if brought and name not in brought)


def make_plan(
    recipe: Recipe,
    scripts: Path,
    today: date,
    expected_network: ExpectedNetwork = "none",
    facts: Mapping[str, str] | None = None,
) -> Plan:
    """The controls that a recipe asks for, with their values. Raises ControlError for what does not fit.

    `facts` are those of the stack that controls can take over besides the recipe's (places.Places.facts).
    """
    return compile_plan(
        {**recipe.facts, **(facts or {}), "expected_network": expected_network},
        load_controls(scripts / "controls"),
        load_profile(scripts / "profiles" / f"{recipe.hardening.profile}.toml"),
        recipe.hardening.parameters,
        recipe.hardening.waivers,
        [mitigation.control for mitigation in recipe.mitigation],
        today,
        origin=str(recipe.path),
    )


def wanted_packages(recipe: Recipe, plan: Plan) -> tuple[str, ...]:
    """What is to be installed besides the base: the recipe's packages, then those of its controls."""
    return tuple(dict.fromkeys((*recipe.packages, *plan.packages)))


def _require_python(recipe: Recipe, plan: Plan, scripts: Path, inventory: Inventory, lock: PatchLock) -> None:
    names = {package.name for package in inventory.packages} | {package.name for package in lock.packages}
    for index, judge in enumerate(recipe.judge if "python3" not in names else ()):
        if judge.name == "ssh-audit":
            raise RecipeError(
                f"{recipe.path}: judge[{index}]: ssh-audit runs in the image's python3, which neither the base nor the "
                "recipe's packages bring; add python3 to the recipe's packages"
            )
    for control in plan.ids if "python3" not in names else ():
        check = scripts / "controls" / control / "check.py"
        if check.is_file():
            raise ControlError(
                f"{check}: expected python3 in the image, which neither the base nor the recipe's packages bring; "
                "add python3 to the recipe's packages"
            )


def expected_network_file(expected_network: ExpectedNetwork) -> bytes:
    """`plan/build.env`: what the guest is to expect around it, and how long a boot may take."""
    return recipe_environment({"HALLMARK_EXPECT": expected_network, "HALLMARK_BOOT_SECONDS": str(BOOT_SECONDS)})


def _plan_files(
    recipe: Recipe, plan: Plan, inventory: Inventory, lock: PatchLock, expected_network: ExpectedNetwork
) -> dict[str, str]:
    about = {
        "HALLMARK_RECIPE": recipe.name,
        "HALLMARK_TITLE": recipe.title,
        "HALLMARK_PURPOSE": recipe.purpose,
        "HALLMARK_LOCK": lock.fingerprint,
    }
    superseded = superseded_kernels(inventory, lock)
    # They go with the patches, and kernels when another one is whole.
    replaced = [package.name for package in inventory.packages if package.name in plan.replaces]
    kept = [package for package in inventory.packages if package.name not in (*superseded, *replaced)]
    manual = "".join(f"{name}\n" for name in sorted(wanted_packages(recipe, plan)))
    files: Mapping[str, bytes] = {
        **plan.files(),
        "plan/lock.tsv": lock_table(lock.packages),
        "plan/expected.tsv": expected_table(kept, lock.packages),
        "plan/superseded": "".join(f"{name}\n" for name in superseded).encode(),
        "plan/recipe.env": recipe_environment(about),
        "plan/build.env": expected_network_file(expected_network),
        "plan/wanted": manual.encode(),
    }
    if replaced:
        files = {**files, "plan/replaced": "".join(f"{name}\n" for name in replaced).encode()}
    return {name: data.decode() for name, data in files.items()}


def _script_hashes(scripts: Path, names: tuple[str, ...], plan: Plan, parts: tuple[str, ...]) -> dict[str, str]:
    return {name: hash_file(path) for name, path in script_paths(scripts, names, plan.ids, parts).items()}
