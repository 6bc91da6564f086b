"""Pulumi only: wiring, no algorithms. What is done is done in `hallmark`."""
