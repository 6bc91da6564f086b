# HM_SERVERS=nts1.example nts2.example
# A pool that anybody may answer for.
:
