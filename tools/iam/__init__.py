"""Writes docs/iam: the policies, and the page of actions, from the calls that the code and the provider make."""
