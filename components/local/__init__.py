"""The platform local as Pulumi components."""
