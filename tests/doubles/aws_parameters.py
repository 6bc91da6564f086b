"""The AWS double's `aws.ssm.Parameter`: internal/service/ssm/parameter.go of terraform-provider-aws.

With data type `aws:ec2:image` SSM validates the value after it has answered: the provider waits up to two minutes
for a *new* parameter to appear, and does not wait at all for a new *value*. So an update that SSM rejects
afterwards looks done; the double keeps that gap open.
"""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from tests.doubles.aws_context import POLL, AwsContext, as_list, ignoring
from tests.doubles.plugin import CreatedButFailedError, RefusedError, Traits
from tests.doubles.wire import Values

IMAGE = "aws:ec2:image"
VALIDATION_PATIENCE = 5.0  # the real provider waits two minutes


class Parameter:
    """One parameter; its id is its name."""

    traits = Traits(
        replaces=frozenset({"name", "dataType", "region"}),
        keeps=frozenset({"arn", "dataType", "insecureValue", "keyId", "tier", "value", "region", "overwrite"}),
        named=True,
    )

    def problems(self, inputs: Values) -> list[str]:
        given = [name for name in ("value", "insecureValue", "valueWo") if inputs.get(name) is not None]
        wrong = (
            []
            if len(given) == 1
            else [f"exactly one of `insecure_value,value,value_wo` must be specified, got {given}"]
        )
        if inputs.get("dataType", "text") not in ("text", IMAGE, "aws:ssm:integration"):
            wrong.append(f"dataType: expected one of {IMAGE}, aws:ssm:integration, text, got {inputs['dataType']}")
        if inputs.get("type") not in ("String", "StringList", "SecureString"):
            wrong.append(f"type: expected one of String, StringList, SecureString, got {inputs.get('type')}")
        return [
            *wrong,
            *(f"{name}: the double does not have it" for name in ("valueWo", "allowedPattern") if inputs.get(name)),
        ]

    def create(self, context: AwsContext, inputs: Values) -> tuple[str, Values]:
        ssm, name, overwrite = context.client("ssm", inputs), inputs["name"], bool(inputs.get("overwrite"))
        tags = as_list(context.all_tags(inputs))
        _put(ssm, inputs, overwrite, {} if overwrite or not tags else {"Tags": tags})
        if overwrite and tags:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags)
        found = self._await_new(context, inputs)
        if found is None:
            raise CreatedButFailedError(name, f"reading SSM Parameter ({name}): couldn't find resource")
        return name, found

    def _await_new(self, context: AwsContext, inputs: Values) -> Values | None:
        deadline = time.monotonic() + VALIDATION_PATIENCE
        while (found := self.read(context, inputs["name"], inputs)) is None:
            if inputs.get("dataType") != IMAGE or time.monotonic() > deadline:
                return None
            time.sleep(POLL)
        return found

    def read(self, context: AwsContext, resource_id: str, state: Values) -> Values | None:
        ssm = context.client("ssm", state)
        try:
            there = ssm.get_parameter(Name=resource_id, WithDecryption=True)["Parameter"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise
        details = ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [resource_id]}]
        )["Parameters"]
        if not details:
            return None
        tags: list[Any] = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=resource_id)["TagList"]
        value = "insecureValue" if state.get("insecureValue") and there["Type"] != "SecureString" else "value"
        return {
            value: there["Value"],
            "arn": there["ARN"],
            "dataType": details[0].get("DataType"),
            "description": details[0].get("Description", ""),
            "name": there["Name"],
            "tier": details[0].get("Tier"),
            "type": there["Type"],
            "version": there["Version"],
            "region": state.get("region") or context.region,
            **context.seen_tags(tags),
        }

    def update(self, context: AwsContext, resource_id: str, old: Values, new: Values) -> Values:
        ssm = context.client("ssm", new)
        quiet = {"overwrite", "tags", "tagsAll"}
        if any(new[key] != old.get(key) for key in new if key not in quiet):
            _put(ssm, new, new.get("overwrite", True), {})
        self._update_tags(ssm, context, resource_id, old, new)
        return self.read(context, resource_id, new) or {}

    def _update_tags(self, ssm: Any, context: AwsContext, name: str, old: Values, new: Values) -> None:
        before, wanted = old.get("tagsAll") or {}, context.all_tags(new)
        if gone := [key for key in before if key not in wanted]:
            ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=gone)
        if put := {key: value for key, value in wanted.items() if before.get(key) != value}:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=as_list(put))

    def delete(self, context: AwsContext, resource_id: str, state: Values) -> None:
        ignoring(
            lambda: context.client("ssm", state).delete_parameter(Name=state.get("name", resource_id)),
            "ParameterNotFound",
        )


def _put(ssm: Any, inputs: Values, overwrite: bool, more: Values) -> None:
    names = {"dataType": "DataType", "description": "Description", "tier": "Tier"}
    asked = {there: inputs[here] for here, there in names.items() if inputs.get(here)}
    if inputs.get("keyId") and inputs["type"] == "SecureString":
        asked["KeyId"] = inputs["keyId"]
    try:
        ssm.put_parameter(
            Name=inputs["name"],
            Type=inputs["type"],
            Value=inputs.get("insecureValue") or inputs["value"],
            Overwrite=overwrite,
            **asked,
            **more,
        )
    except ClientError as error:
        raise RefusedError(f"creating SSM Parameter ({inputs['name']}): {error}") from error
