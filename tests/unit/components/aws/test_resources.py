"""The steps on AWS as resources: what each is identified by and told."""

from __future__ import annotations

from pathlib import Path

from hallmark.aws.site import load_site
from tests.support.aws.declared_image import OURS, STEPS, _plugins, context, declared, order_of, project, swept
from tests.support.aws.site import SITE
from tests.support.declared import Program

__all__ = ["_plugins", "context", "declared", "project", "swept"]


def test_each_step_is_identified_by_the_fingerprint_of_its_inputs(declared: Program) -> None:
    order = order_of(declared)
    assert (order.expected_network, order.hardware, order.base) == ("imds", SITE.hardware, SITE.base_fingerprint)
    assert {name: declared.resources[name].inputs["fingerprint"] for name in STEPS} == {
        "base": SITE.base_fingerprint,
        "web-patch-media": order.build_manifest,
        "web-build": order.fingerprint,
        "web-image-registration": order.fingerprint,
        "web-acceptance": order.acceptance_fingerprint,
    }


def test_the_urn_that_a_step_is_told_is_its_own(declared: Program) -> None:
    for name in OURS:
        assert declared.resources[name].inputs["urn"] == declared.resources[name].urn


def test_every_step_knows_where_on_aws_it_is(declared: Program) -> None:
    for name in set(OURS) - {"web-patch-media"}:
        inputs = declared.resources[name].inputs
        assert load_site(Path(inputs["site"])) == SITE
        assert (inputs["stack"], inputs["region"]) == ("local", "eu-central-1")
