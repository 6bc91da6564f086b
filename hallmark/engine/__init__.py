"""The one room that knows Pulumi: its engine, its backends, its locks, its plugins, and ephemeral stacks."""
