"""Volumes by EBS direct: blocks written to a new snapshot, and read from one."""
