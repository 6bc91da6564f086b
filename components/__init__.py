"""Pulumi only: wiring, no algorithms. What is done is done in `hallmark`."""

from components.earlier_addresses import register

register()
