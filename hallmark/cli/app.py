"""`hallmark`, the command line: bring a stack up, look at images, boot one, retry, clean up.

Exit codes: 0 done; 1 a program or the Pulumi run failed; 2 wrong settings, recipe, control or usage; 3 something is
missing on this host; 4 mirror, patch lock or media; 5 machine, build or results; 6 the candidate was rejected; 7 the
image store; 8 AWS; 130 interrupted. Each error is one message on standard error. With `--json` standard output holds
one JSON document alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from hallmark.cli import aws as cli_aws
from hallmark.common.cache import user_cache
from hallmark.common.errors import HallmarkError, RecipeError, StoreError
from hallmark.common.files import mebibytes
from hallmark.config.settings import PROJECT
from hallmark.config.stack_file import read_stack_config
from hallmark.engine import plugins as aws_plugins
from hallmark.engine.engine import Engine, find_checkout
from hallmark.evidence.index import INDEX, describe
from hallmark.store.image import Image
from hallmark.store.store import Store

if TYPE_CHECKING:
    from hallmark.local.accelerator import Accelerator

CHANNEL = "stable"
INTERRUPTED = 130

app = typer.Typer(
    name="hallmark",
    help=__doc__,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cli_aws.register(app)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack whose store is meant.")]
Folder = Annotated[Path | None, typer.Option("--store", help="The store's folder, instead of the stack's.")]
Name = Annotated[str, typer.Argument(help="An image's id, or a recipe's name (its released image).")]


def main() -> None:
    """Run the command line; what a user can mend becomes one message on standard error and an exit code."""
    try:
        app()
    except HallmarkError as problem:
        print(f"hallmark: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@app.command()
def up(
    stack: Annotated[str, typer.Argument(help="The stack to bring up.")] = "local",
    as_json: Json = False,
) -> None:
    """Build, test and release what the stack lists: `pulumi up`, with nothing to ask and stale locks cleared."""
    engine = Engine(find_checkout(), os.environ)
    if cli_aws.is_on_aws(stack):
        aws_plugins.install_plugins(engine)
    engine.up(stack, _say, output=sys.stderr if as_json else None)
    # A run that had nothing to build opened no work folder, and so swept none that a killed run had left.
    _open_store(stack, None).sweep()
    images = engine.outputs(stack).get("images", {})
    following = _next_commands(stack, images)
    if as_json:
        _print_json({"stack": stack, "images": images, "next": following})
        return
    for recipe, image in images.items():
        print(f"\n{recipe}: {_outcome(image)}")
        for name in ("id", "ami", "parameter", "disk", "evidence"):
            if name in image:
                print(f"  {name:10}{image[name]}")
    print("\nTry next:")
    for command, purpose in following.items():
        print(f"  {command:<40}  {purpose}")


def _outcome(image: dict[str, Any]) -> str:
    return f"released on channel {image.get('channel')}" if image.get("accepted") else "not released"


def _next_commands(stack: str, images: dict[str, Any]) -> dict[str, str]:
    """Command → what it is for."""
    option, variable = ("", "") if stack == "local" else (f" --stack {stack}", f" STACK={stack}")
    shows = {f"hallmark show {recipe}{option}": "what is known about it (after `. ./env`)" for recipe in images}
    runs = {f"make run{variable}": "boot it and sign in by SSH"} if any("disk" in i for i in images.values()) else {}
    return {**runs, **shows, f"make -s outputs{variable}": "the stack's outputs as JSON"}


@app.command()
def outputs(
    stack: Annotated[str, typer.Argument(help="The stack to ask.")] = "local",
    as_json: Json = True,
) -> None:
    """Print the stack's outputs as JSON."""
    _print_json(Engine(find_checkout(), os.environ).outputs(stack))


@app.command()
def images(stack: Stack = "local", store_folder: Folder = None, as_json: Json = False) -> None:
    """List the images of the store, the newest first."""
    if store_folder is None and cli_aws.is_on_aws(stack):
        found, where, last = cli_aws.list_images(stack), f"the account of stack {stack}", "ami"
    else:
        store = _open_store(stack, store_folder)
        found, where, last = [_describe_image(store, image) for image in store.images()], str(store.root), "size"
    if as_json:
        _print_json(found)
        return
    if not found:
        print(f"no images in {where}; `hallmark up` makes one")
        return
    table = Table("id", "state", "channels", "created", last, box=None, pad_edge=False)
    for image in found:
        size = mebibytes(image[last]) if last == "size" else image[last]
        table.add_row(image["id"], image["state"], ", ".join(image["channels"]), image["created"], size)
    _console().print(table)


@app.command()
def show(name: Name, stack: Stack = "local", store_folder: Folder = None, as_json: Json = False) -> None:
    """Show one image: its state, where its disk is, and what its evidence holds."""
    if store_folder is None and cli_aws.is_on_aws(stack):
        ami = cli_aws.show_image(stack, name)
        if as_json:
            _print_json(ami)
        else:
            _print_facts(ami)
        return
    store = _open_store(stack, store_folder)
    image = _choose(store, name)
    facts = _describe_image(store, image)
    files = [path.relative_to(image.evidence).as_posix() for path in image.evidence.rglob("*") if path.is_file()]
    if as_json:
        _print_json({**facts, "files": sorted(files)})
        return
    _print_facts(facts)
    if (image.evidence / INDEX).exists():
        print(f"\nread first   {image.evidence / INDEX}")
    for file in sorted(files):
        if "/" not in file:
            print(f"  {file:<32} {describe(file)}")


@app.command()
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
    from hallmark.local import trial as machine

    if store_folder is None:
        cli_aws.refuse_on_aws(stack, "run", "launch the AMI that `hallmark show` names")
    store = _open_store(stack, store_folder)
    image = _choose(store, name) if name else _only_release(store)
    wish = machine.Wish(memory_mib=memory, cpus=cpus, port=port, offline=offline)

    def ready(running: machine.Running) -> None:
        if as_json:
            _print_json(
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
        machine.boot(store, image, _administrator(image), _accelerator(stack), wish, ready=ready, say=_say)
    except KeyboardInterrupt:
        _say("the machine and all its changes are gone")


@app.command()
def retry(
    name: Annotated[str, typer.Argument(help="The id of a rejected image.")],
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Make a rejected image a candidate again, so that the next `hallmark up` tests it anew."""
    if store_folder is None and cli_aws.is_on_aws(stack):
        facts = cli_aws.retry_image(stack, name)
    else:
        store = _open_store(stack, store_folder)
        facts = _describe_image(store, store.retry(name))
    if as_json:
        _print_json(facts)
        return
    print(f"{facts['id']}: a candidate again; `hallmark up` tests it anew")


@app.command()
def gc(
    keep: Annotated[int, typer.Option(help="How many of each recipe's newest images stay.", min=0)] = 3,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    stack: Stack = "local",
    store_folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Remove old images; never one that a channel points at or that a machine uses."""
    if store_folder is None:
        cli_aws.refuse_on_aws(stack, "gc", "who uses an AMI is not known here: deregister those that nobody does")
    store = _open_store(stack, store_folder)
    removed = store.gc(keep, dry_run=dry_run)
    if as_json:
        _print_json({"removed": removed, "dry_run": dry_run})
        return
    for name in removed:
        print(f"{'would remove' if dry_run else 'removed'} {name}")
    if not removed:
        print("nothing to remove")


def _print_facts(facts: dict[str, Any]) -> None:
    for key, value in facts.items():
        if value not in (None, []):
            print(f"{key:12} {', '.join(value) if isinstance(value, list) else value}")


def _open_store(stack: str, folder: Path | None) -> Store:
    """The store in `folder`, else where the stack's configuration says, else the checkout's own."""
    if folder is not None:
        return Store(folder)
    root = find_checkout()
    return Store(root / (_configured_store(root, stack) or ".hallmark/store"))


def _configured_store(root: Path, stack: str) -> Path | None:
    """`store` in the stack's configuration file."""
    named = read_stack_config(root, stack).get(f"{PROJECT}:store")
    return Path(named).expanduser() if named else None


def _choose(store: Store, name: str) -> Image:
    """An image by id, or a recipe's released image, or its newest."""
    images = store.images()
    exact = [image for image in images if image.id == name]
    released = store.channel_target(name, CHANNEL) if not exact else None
    own = [image for image in images if image.recipe == name]
    found = [*exact, *([released] if released else []), *own]
    if not found:
        raise StoreError(
            f"{name}: expected an image's id or a recipe with images in {store.root}; see `hallmark images`"
        )
    return found[0]


def _only_release(store: Store) -> Image:
    """The released image when there is just one; else StoreError says what there is to choose from."""
    released = [recipe for recipe, channel in store.channels() if channel == CHANNEL]
    if not released:
        raise StoreError(f"{store.root}: nothing was released yet; `make image` makes and releases an image")
    if len(released) > 1:
        raise StoreError(f"{store.root}: several recipes are released ({', '.join(released)}): name one of them")
    return _choose(store, released[0])


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


def _accelerator(stack: str) -> Accelerator:
    """KVM where a kernel (a base's, else this host's own) starts under it; else emulation."""
    from hallmark.local.accelerator import TCG, choose_accelerator

    root = find_checkout()
    named = read_stack_config(root, stack).get(f"{PROJECT}:cache")
    cache = (root / Path(named).expanduser()).absolute() if named else user_cache(os.environ)
    kernels = [*sorted(cache.glob("bases/*/vmlinuz")), *sorted(Path("/boot").glob("vmlinuz-*"))]
    return choose_accelerator(kernels[0], cache) if kernels else TCG


def _describe_image(store: Store, image: Image) -> dict[str, Any]:
    points = [channel for (recipe, channel), name in store.channels().items() if name == image.id]
    return {**image.model_dump(mode="json"), "channels": points}


def _console() -> Console:
    """Wide enough for whole ids when nobody watches."""
    return Console() if sys.stdout.isatty() else Console(width=200)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def _say(text: str) -> None:
    print(f"hallmark: {text}", file=sys.stderr, flush=True)
