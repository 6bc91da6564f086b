"""recipes/recipe.schema.json: what a recipe may hold, for editors that complete and check TOML.

It is made from the model, so its descriptions are the model's. No `$ref` is left in it: Taplo, which most editors use
for TOML, reads it by the rules of an earlier draft, and there the words beside a `$ref` do not count.

The model takes a little more and a little less. It also takes numbers and dates written as text. It refuses rare
unprintable characters, a name that is not the file's, and a script that is not there.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from hallmark.config.recipe import Recipe

Schema = dict[str, Any]
NAME = "recipe.schema.json"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> Schema:
    """The schema of a recipe's file, JSON Schema draft 2020-12."""
    schema = flat_schema(Recipe)
    for own in ("path", "text"):  # the program's own: where the recipe came from
        del schema["properties"][own]
        schema["required"].remove(own)
    about = {"$schema": DRAFT, "title": "A recipe of Hallmark", "description": "What to build, and how to harden it."}
    return {**about, **{key: value for key, value in schema.items() if key != "description"}}


def render_schema() -> str:
    """The schema as the text of its file."""
    return json.dumps(recipe_schema(), indent=2) + "\n"


def flat_schema(model: type[BaseModel]) -> Schema:
    """A model's schema by its aliases, with every definition in its place and without pydantic's own titles."""
    schema = model.model_json_schema(by_alias=True)
    flat: Schema = _flatten(schema, schema.pop("$defs", {}))
    return flat


def _flatten(part: Any, definitions: Schema) -> Any:
    if isinstance(part, list):
        return [_flatten(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    named = definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else {}
    whole = {**named, **part}
    # A property may be called "title" as well: its value is a schema and stays.
    return {
        key: _flatten(value, definitions)
        for key, value in whole.items()
        if key != "$ref" and not (key == "title" and isinstance(value, str))
    }
