"""Hallmark builds hardened golden machine images; `pulumi up` turns a recipe into a released image."""

__version__ = "0.1.0"
