# HM_ENABLED=no
:
