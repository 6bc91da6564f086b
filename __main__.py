"""The program: settings in, one golden image for each recipe, exports out."""

import pulumi

from components.golden_image import GoldenImage, GoldenImageArgs
from components.program import choose_platform, load_context, stopping_cleanly
from hallmark.config.recipe import load_recipe

with stopping_cleanly():
    context = load_context()
    recipes = [load_recipe(context.root / "recipes" / f"{name}.toml") for name in context.settings.recipes]
    platform = choose_platform(context)

images = {
    recipe.name: GoldenImage(recipe.name, GoldenImageArgs(recipe=recipe, context=context, platform=platform)).outputs
    for recipe in recipes
}
pulumi.export("images", images)
