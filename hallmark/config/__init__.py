"""What users write, each with one entrance that validates it: recipes, a stack's settings, its file."""
