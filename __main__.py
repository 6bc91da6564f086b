"""The program: settings in, one golden image for each recipe, exports out."""

import pulumi

from components.golden_image import GoldenImage, GoldenImageArgs
from components.program import load_context, stopping_cleanly
from components.providers import Base
from hallmark.pipeline import plan_the_base
from hallmark.recipe import load_recipe

with stopping_cleanly():
    context = load_context()
    recipes = [load_recipe(context.root / "recipes" / f"{name}.toml") for name in context.settings.recipes]
    base_plan = plan_the_base(context)

base = Base("base", base_plan, context)
images = {
    recipe.name: GoldenImage(
        recipe.name, GoldenImageArgs(recipe=recipe, context=context, base=base, base_plan=base_plan)
    ).outputs
    for recipe in recipes
}
pulumi.export("images", images)
