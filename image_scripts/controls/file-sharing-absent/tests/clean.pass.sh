# Debian as it comes.
:
