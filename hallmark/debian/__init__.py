"""Debian's side: what is installed, what the mirror has, and the patch lock that leads from one to the other."""
