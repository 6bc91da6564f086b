# HM_MODULES=tipc nf_tables
:
