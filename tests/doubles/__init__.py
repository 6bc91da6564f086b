"""Doubles: stand-ins for what cannot be had on this machine. They are not the real thing.

Each module says where it falls short.

- bin/pulumi-resource-aws, bin/pulumi-resource-command: the plugins, for the real engine to find on PATH (before it,
  the test venv's python): plugin.py (gRPC), property_types.py (inputs held to the SDK's classes), aws_*.py,
  command_plugin.py.
- server.py: an account behind a local endpoint (moto, made strict by moto_ec2.py and moto_ebs.py), calls recorded,
  faults on demand. permissions.py holds those calls to IAM policies (iam_requests.py: what IAM is asked for each).
- stack.py: a small Pulumi project in it, for tests. quick_machines.py: machines that answer at once.
- qemu_machines.py: machines that are QEMU's guests, with imds.py as their metadata service.
"""
