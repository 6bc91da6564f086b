"""The list of calls, held to policy and code: nothing is allowed that it lacks, and no call of ours is missing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from tests.doubles.aws_plugin import AwsPlugin
from tools.iam.actions import OWN, PROVIDER, needed_actions
from tools.iam.policies import EXAMPLE, pipeline_policy

ROOT = Path(__file__).parents[4]
SERVICES = {
    "ebs": "ebs",
    "ec2": "ec2",
    "kms": "kms",
    "s3": "s3",
    "servicequotas": "service-quotas",
    "ssm": "ssm",
    "sts": "sts",
}
# What IAM knows some calls by.
SPELLED = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
}


@cache
def operations() -> dict[str, str]:
    """The name of a call in Python, and in the API, → its action."""
    session = Session()
    found: dict[str, str] = {}
    for prefix, service in SERVICES.items():
        for name in session.get_service_model(service).operation_names:
            action = SPELLED.get(f"{prefix}:{name}", f"{prefix}:{name}")
            found |= {f"{prefix}.{xform_name(name)}": action, f"{prefix}.{name}": action}
    return found


def calls_in(text: str) -> set[str]:
    """The actions of what is called on a client, and of what is named to be called (a paginator, an operation)."""
    return {action for name in _names(ast.parse(text)) for action in _actions(name)}


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield f"{_client(node.value)}.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f"*.{node.value}"


def _client(node: ast.expr) -> str:
    """What a call is made on: the last name of it, or the service that a client is asked for."""
    if isinstance(node, ast.Call):
        given = node.args[0] if node.args else None
        return str(given.value).replace("-", "") if isinstance(given, ast.Constant) else ""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _actions(name: str) -> Iterator[str]:
    client, _, call = name.partition(".")
    if client != "*":
        yield from [operations()[name]] if name in operations() else []
        if client == "s3" and call in operations():
            yield operations()[call]
    elif call.startswith(("describe_", "list_", "get_parameters_by_")):
        yield from (operations()[f"{prefix}.{call}"] for prefix in SERVICES if f"{prefix}.{call}" in operations())


def test_the_policy_allows_what_is_in_the_list_and_nothing_else() -> None:
    statements = pipeline_policy(EXAMPLE)["Statement"]
    allowed = {action for one in statements if one["Effect"] == "Allow" for action in one["Action"]}
    assert allowed == needed_actions()


MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "hallmark").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES)
def test_the_calls_of_a_module_are_those_in_the_list(path: str) -> None:
    found = calls_in((ROOT / path).read_text())
    assert sorted(found) == sorted(OWN.get(path, ())), f"{path}: list its calls in tools/iam/actions.py (OWN)"


def test_every_module_in_the_list_is_there() -> None:
    assert set(OWN) <= set(MODULES)


@pytest.mark.parametrize("path", sorted((ROOT / "components").rglob("*.py")), ids=lambda path: path.name)
def test_components_call_nothing_themselves(path: Path) -> None:
    assert calls_in(path.read_text()) == set()


def test_every_resource_type_of_the_components_is_in_the_list() -> None:
    used = set()
    for path in (ROOT / "components").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (name := ast.unparse(node.func)).startswith("aws."):
                used.add(name)
    listed = {one.name for one in PROVIDER}
    assert {name for name in used if not name.endswith("Args")} - {"aws.ec2.Ami"} <= listed
    known = {token.replace("/", ":").split(":")[1] + "." + token.rsplit(":", 1)[1] for token in AwsPlugin.types}
    assert {name.removeprefix("aws.") for name in listed} - {"Provider"} <= known


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("aws.ec2.describe_vpcs()", "ec2:DescribeVpcs"),
        ("ec2.get_paginator('describe_vpcs')", "ec2:DescribeVpcs"),
        ("aws.client('service-quotas').get_service_quota()", "servicequotas:GetServiceQuota"),
        ("self._aws.s3.put_object(1)", "s3:PutObject"),
        ("self.ebs.put_snapshot_block(1)", "ebs:PutSnapshotBlock"),
    ],
)
def test_a_call_is_found_however_it_is_written(text: str, action: str) -> None:
    assert calls_in(text) == {action}
    assert calls_in("images.register_image(); 'ec2:RunInstances'") == set()
