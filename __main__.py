"""The program: settings in, one golden image for each recipe, exports out."""

import pulumi

from components.golden_image import GoldenImage, GoldenImageArgs
from components.program import choose_platform, load_context, load_recipes
from components.report import stopping_cleanly

with stopping_cleanly():
    context = load_context()
    recipes = load_recipes(context)
    platforms = choose_platform(context, recipes)

images = {
    name: GoldenImage(name, GoldenImageArgs(recipe=recipe, context=context, platform=platforms[name])).outputs
    for name, recipe in recipes.items()
}
pulumi.export("images", images)
