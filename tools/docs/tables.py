"""The tables of keys in docs/evidence.md, docs/recipes.md and docs/settings.md; the exceptions in docs/judges.md.

A page holds a table between two markers, which `fill` looks for:

    <!-- generated: settings -->
    <!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hallmark.common.errors import ControlError
from hallmark.config.recipe import Recipe, load_recipe
from hallmark.config.settings import Settings
from tools.docs.schema import Schema, flat_schema, recipe_schema, summary_schema

_RECIPES = Path(__file__).parents[2] / "recipes"
_HEAD = "| key | value | default | meaning |\n|---|---|---|---|"
_HEAD_OF_SUMMARY = "| key | value | meaning |\n|---|---|---|"
_MARKED = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS = {"string": "text", "integer": "number", "number": "number", "boolean": "true or false", "object": "table"}


def tables(recipes: Path = _RECIPES) -> dict[str, str]:
    """The name in the marker → the table. `recipes` is the folder whose exceptions docs/judges.md tells."""
    recipe = recipe_schema()
    hardening = recipe["properties"]["hardening"]["properties"]
    return {
        "recipe keys": _table(recipe, unset="none"),
        "waiver keys": _table(hardening["waivers"]["items"], unset="none"),
        "mitigation keys": _table(recipe["properties"]["mitigation"]["items"], unset="none"),
        "judge keys": _table(recipe["properties"]["judge"]["items"], unset="none"),
        "exception keys": _table(
            recipe["properties"]["judge"]["items"]["properties"]["exceptions"]["items"], unset="none"
        ),
        "exceptions": _exceptions(load_recipe(path) for path in sorted(recipes.glob("*.toml"))),
        "settings": _table(flat_schema(Settings), unset="empty"),
        "summary": "\n".join([_HEAD_OF_SUMMARY, *_deep_rows(summary_schema(), "")]),
    }


def _exceptions(recipes: Iterable[Recipe]) -> str:
    """A table for each judge of each recipe that has exceptions."""
    parts = []
    for recipe in recipes:
        for judge in recipe.judge:
            rows = [f"| `{each.rule}` | {each.reason} | {each.expires} |" for each in judge.exceptions]
            if rows:
                head = "| rule | why it may fail | until |\n|---|---|---|"
                parts.append("\n".join([f"### `{recipe.name}`, {judge.label}\n", head, *rows]))
    return "\n\n".join(parts) or "None."


def fill(page: str, made: Mapping[str, str]) -> str:
    """A page with its tables written anew between their markers; ControlError for a marker of an unknown name."""

    def replace(found: re.Match[str]) -> str:
        start, name, end = found.groups()
        if name not in made:
            raise ControlError(f'marker "{name}": there is no table of this name; there are: {", ".join(made)}')
        return f"{start}\n{made[name]}\n\n{end}"

    return _MARKED.sub(replace, page)


def _table(schema: Schema, *, unset: str) -> str:
    return "\n".join([_HEAD, *_rows(schema, "", unset)])


def _rows(schema: Schema, prefix: str, unset: str) -> Iterator[str]:
    needed = schema.get("required", ())
    for name, wide in schema["properties"].items():
        field = _without_null(wide)
        # A setting that is an object is set whole, by its own words; only a recipe has tables with keys of their own.
        if unset == "none" and "properties" in field:
            yield from _rows(field, f"{prefix}{name}.", unset)
            continue
        default = "needed" if name in needed else _default(field.get("default"), unset)
        cells = (f"`{prefix}{name}`", _value(field), default, field["description"])
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _deep_rows(schema: Schema, prefix: str) -> Iterator[str]:
    """A row for each key, those below lists (`[]`) and below names that differ from case to case (`*`) included."""
    for name, wide in schema["properties"].items():
        field = _without_null(wide)
        yield f"| `{prefix}{name}` | {_value(field)} | {field['description']} |"
        for step, below in (("", field), ("[]", field.get("items", {})), (".*", field.get("additionalProperties", {}))):
            if isinstance(below, dict) and "properties" in below:
                yield from _deep_rows(below, f"{prefix}{name}{step}.")


def _without_null(field: Schema) -> Schema:
    """The schema of a value that may be left out, as that of the value."""
    first: Schema = next((one for one in field.get("anyOf", ()) if one["type"] != "null"), {})
    return {**first, **{key: value for key, value in field.items() if key != "anyOf"}}


def _value(field: Schema) -> str:
    """What kind of value a field takes, in a word or two."""
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{word}`" for word in field["enum"])
    if "format" in field:
        return str(field["format"])
    if field["type"] == "array":
        several = "list of tables" if field["items"]["type"] == "object" else "list"
        return f"{several}, not empty" if field.get("minItems") else several
    bounds = f", {field['minimum']} to {field['maximum']}" if "maximum" in field else ""
    return f"{_WORDS[field['type']]}{bounds}"


def _default(value: object, unset: str) -> str:
    words = value if isinstance(value, list) else [value]
    return ", ".join(f"`{word}`" for word in words if word is not None) or unset
