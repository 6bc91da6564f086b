# A mitigation that mitigates nothing.
:
