"""The platform aws as Pulumi components."""
