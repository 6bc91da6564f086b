# Its skeleton is readable by all.
:
