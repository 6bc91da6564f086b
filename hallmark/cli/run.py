"""The command `run`: boot an image of this machine to try it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hallmark.cli.options import Folder, Json, Stack, print_json, say
from hallmark.cli.stacks import cache_folder, open_store, require_local
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import RecipeError
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
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Boot an image (changes are thrown away) and say how to sign in by SSH; an interrupt ends it."""
    from hallmark.local import trial

    if store_folder is None:
        require_local(stack, "run", "launch the AMI that `hallmark show` names")
    catalogue = open_store(stack, store_folder)
    image = catalogue.choose(name) if name else catalogue.only_release()
    options = trial.TrialOptions(memory_mib=memory, cpus=cpus, port=port, offline=offline)

    def ready(running: trial.Running) -> None:
        if as_json:
            print_json(
                {
                    "id": image.id,
                    "user": running.access.user,
                    "port": running.port,
                    "key": str(running.access.key),
                    "ssh": running.ssh_command(),
                }
            )
            return
        print(f"\n{image.id} is up. Sign in, from another terminal, with:\n\n  {' '.join(running.ssh_command())}\n")
        print(f"sudo asks for this password: {running.access.password}\nCtrl-C here ends the machine.", flush=True)

    try:
        trial.boot(
            catalogue.store, image, _administrator(image), choose_for_image(stack), options, ready=ready, say=say
        )
    except KeyboardInterrupt:
        say("the machine and all its changes are gone")


def _administrator(image: Image) -> str:
    """The first administrator of the image's recipe: as it was built if the evidence has it, else as it is now."""
    import tomllib

    path = image.evidence / "recipe.toml"
    if not path.exists():
        path = find_checkout() / "recipes" / f"{image.recipe}.toml"
    if not path.exists():
        raise RecipeError(f"{path}: expected the recipe of {image.id}; bring it back")
    names = tomllib.loads(path.read_text()).get("administrators") or []
    if not names:
        raise RecipeError(f"{path}: administrators: expected at least one name to sign in with, got none")
    return str(names[0])


def choose_for_image(stack: str) -> Accelerator:
    """KVM where a kernel (a base's, else this host's own) starts under it; else emulation."""
    from hallmark.local.accelerator import TCG, choose_accelerator

    cache = cache_folder(stack)
    kernels = [*sorted(cache.glob("bases/*/vmlinuz")), *sorted(Path("/boot").glob("vmlinuz-*"))]
    return choose_accelerator(kernels[0], cache) if kernels else TCG
