# HM_VERIFY=all
:
