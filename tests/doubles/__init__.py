"""Doubles.

Stand-ins for what cannot be had on this machine. They are not the real thing, and each module says where it falls
short.
"""
