"""Tags: the stack's default ones are on what we make, and ours win."""

from __future__ import annotations

from hallmark.aws.tags import Labels


def test_default_tags_are_on_what_we_make_and_ours_win() -> None:
    given = {"cost-centre": "42", "Name": "theirs"}
    labels = Labels(
        project="p", stack="s", recipe="web", use="build", build="b", fingerprint="f", defaults=given
    ).lasting()
    assert (labels["cost-centre"], labels["Name"]) == ("42", "hallmark-web-build")
