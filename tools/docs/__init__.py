"""Writes the generated pages of docs/ from the files and models that they describe."""
