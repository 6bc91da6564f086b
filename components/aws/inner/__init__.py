"""The inner program of an ephemeral stack: one isolated machine in a network of its own."""
