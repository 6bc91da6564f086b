"""Our signature is botocore's, to the byte."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from hallmark.aws.ebs.sign import Signer

PATH = "/snapshots/snap-1/blocks/7"
HEADERS = {"Content-Length": "524288", "User-Agent": "hallmark", "x-amz-Checksum": "a+b/c=", "x-amz-Data-Length": "1"}
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def by_botocore(url: str, keys: ReadOnlyCredentials, moment: datetime) -> dict[str, str]:
    request = AWSRequest(method="PUT", url=url, headers=HEADERS, data=b"x")
    request.context["payload_signing_enabled"] = False
    with patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(keys, "ebs", "eu-central-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def by_us(signer: Signer, keys: ReadOnlyCredentials, moment: datetime, path: str = PATH) -> dict[str, str]:
    headers = dict(HEADERS)
    with patch.object(time, "gmtime", return_value=moment.timetuple()):
        signer.sign("PUT", path, headers, keys)
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize("token", [None, "a-session-token=="])
@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("https://ebs.eu-central-1.amazonaws.com", "ebs.eu-central-1.amazonaws.com"),
        ("http://127.0.0.1:4566", "127.0.0.1:4566"),
        ("http://127.0.0.1:4566/a/b", "127.0.0.1:4566"),
    ],
)
def test_the_signature_is_botocores(base: str, host: str, token: str | None) -> None:
    keys = ReadOnlyCredentials("AKID", "secret", token)
    signer = Signer(region="eu-central-1", service="ebs", host=host)
    path = base.partition(host)[2] + PATH
    assert by_us(signer, keys, NEW_YEAR, path) == by_botocore(base + PATH, keys, NEW_YEAR)


def test_another_day_and_other_keys_have_signatures_of_their_own() -> None:
    """The derived key is kept for a day: what was kept must not be used for anything else."""
    signer = Signer(region="eu-central-1", service="ebs", host="ebs.test")
    for secret in ("one", "two"):
        for moment in (NEW_YEAR, NEW_YEAR.replace(day=2), NEW_YEAR):
            keys = ReadOnlyCredentials("AKID", secret, None)
            assert by_us(signer, keys, moment) == by_botocore(f"https://ebs.test{PATH}", keys, moment)
