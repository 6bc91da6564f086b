"""The command `run`: boot an image of this machine to try it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hallmark.cli.options import Folder, Json, Stack, print_json, say
from hallmark.cli.stacks import cache_folder, open_store, require_local
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import RecipeError, SettingsError
from hallmark.local.forward import LOOPBACK, forwards_for, parse_publish
from hallmark.store.image import Image

if TYPE_CHECKING:
    from hallmark.local.accelerator import Accelerator


def run(
    name: Annotated[
        str | None, typer.Argument(help="An image's id or a recipe's name; default: the one released.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1 for SSH; 0 is any free one.")] = 0,
    offline: Annotated[bool, typer.Option("--offline", help="Keep the machine from reaching out.")] = False,
    memory: Annotated[int, typer.Option(help="Memory in MiB.", min=512)] = 2048,
    cpus: Annotated[int, typer.Option(help="Processors.", min=1)] = 2,
    publish: Annotated[
        list[str] | None,
        typer.Option(help="HOST:GUEST or HOST:GUEST/udp: a port of 127.0.0.1 that leads into it; may be repeated."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="User data of your own for cloud-init; the account to sign in with stays.")
    ] = None,
    console: Annotated[bool, typer.Option("--console", help="Show what the machine prints on its console.")] = False,
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Boot an image (changes are thrown away) and say how to sign in by SSH; an interrupt ends it.

    Each port that its recipe declares is forwarded to a free port of 127.0.0.1.
    """
    from hallmark.local import trial

    if store_folder is None:
        require_local(stack, "run", "launch the AMI that `hallmark show` names")
    published = parse_publish(publish or ())
    catalogue = open_store(stack, store_folder)
    image = catalogue.choose(name) if name else catalogue.only_release()
    recipe = _recipe_of(image)
    options = trial.TrialOptions(
        memory_mib=memory,
        cpus=cpus,
        port=port,
        offline=offline,
        forwards=forwards_for(recipe.get("listen", ()), published),
        data=None if data is None else _read_data(data),
    )

    def ready(running: trial.Running) -> None:
        if as_json:
            print_json(
                {
                    "id": image.id,
                    "user": running.access.user,
                    "port": running.port,
                    "key": str(running.access.key),
                    "ssh": running.ssh_command(),
                    "ports": {forward.port: forward.host for forward in running.forwards},
                }
            )
            return
        print(f"\n{image.id} is up. Sign in, from another terminal, with:\n\n  {' '.join(running.ssh_command())}\n")
        for forward in running.forwards:
            print(f"{forward.port:10} of it is {LOOPBACK}:{forward.host}")
        print(f"sudo asks for this password: {running.access.password}\nCtrl-C here ends the machine.", flush=True)

    try:
        trial.boot(
            catalogue.store,
            image,
            _administrator(image, recipe),
            choose_for_image(stack),
            options,
            ready=ready,
            say=say,
            console=say if console else None,
        )
    except KeyboardInterrupt:
        say("the machine and all its changes are gone")


def _recipe_of(image: Image) -> dict[str, Any]:
    """The recipe of an image: as it was built if the evidence has it, else as it is now."""
    import tomllib

    path = _recipe_file(image)
    if not path.exists():
        raise RecipeError(f"{path}: expected the recipe of {image.id}; bring it back")
    return tomllib.loads(path.read_text())


def _recipe_file(image: Image) -> Path:
    kept = image.evidence / "recipe.toml"
    return kept if kept.exists() else find_checkout() / "recipes" / f"{image.recipe}.toml"


def _administrator(image: Image, recipe: dict[str, Any]) -> str:
    """The first administrator of the image's recipe."""
    names = recipe.get("administrators") or []
    if not names:
        where = _recipe_file(image)
        raise RecipeError(f"{where}: administrators: expected at least one name to sign in with, got none")
    return str(names[0])


def _read_data(path: Path) -> bytes:
    """User data; SettingsError for a file that cannot be read, or in which nothing is."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise SettingsError(f"--data {path}: expected a file of user data: {problem.strerror}") from problem
    if not data.strip():
        raise SettingsError(
            f"--data {path}: expected user data, such as a line #cloud-config and what follows; it is empty"
        )
    return data


def choose_for_image(stack: str) -> Accelerator:
    """KVM where a kernel (a base's, else this host's own) starts under it; else emulation."""
    from hallmark.local.accelerator import TCG, choose_accelerator

    cache = cache_folder(stack)
    kernels = [*sorted(cache.glob("bases/*/vmlinuz")), *sorted(Path("/boot").glob("vmlinuz-*"))]
    return choose_accelerator(kernels[0], cache) if kernels else TCG
