"""Everything in this repository that is generated for readers, written anew or compared: `make docs`, `make check`.

`python -m tools.docs --write|--check`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hallmark.common.errors import HallmarkError
from hallmark.controls.plan import load_controls
from tools.docs import command_line, control_coverage, schema
from tools.docs.tables import fill, tables
from tools.iam.policies import documents

CHECKOUT = Path(__file__).parents[2]
_WITH_TABLES = ("docs/evidence.md", "docs/judges.md", "docs/recipes.md", "docs/settings.md")


def generate(checkout: Path) -> dict[Path, str]:
    """File → the text that it should hold."""
    made = tables(checkout / "recipes")
    texts = {
        "docs/cli.md": command_line.render(),
        "docs/controls.md": control_coverage.render(load_controls(checkout / "image_scripts" / "controls")),
        f"recipes/{schema.NAME}": schema.render_schema(schema.recipe_schema()),
        "docs/evidence.schema.json": schema.render_schema(schema.summary_schema()),
        **{name: fill((checkout / name).read_text(encoding="utf-8"), made) for name in _WITH_TABLES},
        **{f"docs/iam/{name}": text for name, text in documents().items()},
    }
    return {checkout / name: text for name, text in texts.items()}


def main(arguments: list[str], checkout: Path = CHECKOUT) -> int:
    """`--write` writes what is out of date, `--check` names it and returns 1; anything else is a usage error."""
    if arguments not in (["--check"], ["--write"]):
        print("usage: python -m tools.docs --check|--write", file=sys.stderr)
        return 2
    try:
        texts = generate(checkout)
    except HallmarkError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if arguments == ["--write"]:
            path.write_text(texts[path], encoding="utf-8")
        else:
            print(f"{path}: out of date; `make docs` writes it anew", file=sys.stderr)
    return 1 if stale and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
