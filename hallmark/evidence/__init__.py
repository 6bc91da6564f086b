"""The evidence of one image: what was measured, in one folder, with an index."""
