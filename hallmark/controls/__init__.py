"""The hardening controls: the requirements they answer, their files, and the plan that they are compiled into."""
