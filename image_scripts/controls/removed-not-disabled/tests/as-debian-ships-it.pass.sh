# What packages ship masked, or do not enable, is theirs to say.
:
