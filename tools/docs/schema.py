"""The JSON Schemas: of a recipe, for editors that complete and check TOML, and of an image's summary.json.

They are made from the models, so their descriptions are the models'. No `$ref` is left in them: Taplo, which most
editors use for TOML, reads one by the rules of an earlier draft, and there the words beside a `$ref` do not count.

The model of a recipe takes a little more and a little less. It also takes numbers and dates written as text. It refuses
rare unprintable characters, a name that is not the file's, and a script that is not there.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from hallmark.config.recipe import Recipe
from hallmark.evidence.summary import Summary

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
    return {**about, **_without_description(schema)}


def summary_schema() -> Schema:
    """The schema of an image's summary.json, JSON Schema draft 2020-12."""
    about = {"$schema": DRAFT, "title": "The summary of an image's evidence"}
    return {
        **about,
        "description": "What is known of one image of Hallmark's.",
        **_without_description(flat_schema(Summary)),
    }


def _without_description(schema: Schema) -> Schema:
    """A model's own docstring speaks to programmers."""
    return {key: value for key, value in schema.items() if key != "description"}


def render_schema(schema: Schema) -> str:
    """A schema as the text of its file."""
    return json.dumps(schema, indent=2) + "\n"


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
