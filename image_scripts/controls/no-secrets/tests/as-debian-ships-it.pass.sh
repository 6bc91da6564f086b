# The packages' own examples, and programs that know what keys look like.
:
