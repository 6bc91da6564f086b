# No package, but the drivers would load.
:
