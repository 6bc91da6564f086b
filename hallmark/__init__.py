"""Hallmark builds hardened golden machine images; `pulumi up` turns a recipe into a released image."""
