"""PutSnapshotBlock by the shortest way: signed and sent by botocore, past its layers that cost more than the hashing.

A block takes 1 ms of CPU through `client.put_snapshot_block`, besides its hash, and less than half of it here; with 64
threads and one interpreter lock that decides the throughput. Connections, TLS, proxies, credentials, time-outs and the
`before-send` event are the client's own, so errors (and tests that catch requests) are the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.exceptions import ClientError
from botocore.hooks import first_non_none_response

from hallmark.ebs_retry import BrokenAnswerError, WrongChecksumError

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient

_OPERATION = "PutSnapshotBlock"
_EVENT = f"before-send.ebs.{_OPERATION}"


class BlockWriter:
    """Writes blocks to snapshots with the connections and credentials of a client; threads may share it."""

    def __init__(self, client: EBSClient) -> None:
        inner: Any = client  # botocore has no public name for a client's connections and credentials
        self._session = inner._endpoint.http_session
        self._credentials = inner._request_signer._credentials
        self._events = client.meta.events
        self._region = client.meta.region_name
        self._url = client.meta.endpoint_url.rstrip("/")
        self._agent = str(inner.meta.config.user_agent)

    def put(self, snapshot: str, index: int, data: bytes, checksum: str) -> None:
        """Write one block; `checksum` is the base64 of its SHA-256. Raises what botocore's own call would."""
        request = self._signed(snapshot, index, data, checksum)
        answers = self._events.emit(_EVENT, request=request)
        answer: AWSResponse = first_non_none_response(answers) or self._session.send(request)
        if answer.status_code >= 300:
            raise _error(answer)
        _check_whole(answer, checksum)

    def _signed(self, snapshot: str, index: int, data: bytes, checksum: str) -> AWSPreparedRequest:
        headers = {
            "Content-Length": str(len(data)),
            "User-Agent": self._agent,
            "x-amz-Data-Length": str(len(data)),
            "x-amz-Checksum": checksum,
            "x-amz-Checksum-Algorithm": "SHA256",
        }
        url = f"{self._url}/snapshots/{snapshot}/blocks/{index}"
        request = AWSRequest(method="PUT", url=url, headers=headers, data=data)
        request.context["payload_signing_enabled"] = False  # as the service's model has it: v4-unsigned-body
        credentials: Any = self._credentials.get_frozen_credentials() if self._credentials is not None else None
        SigV4Auth(credentials, "ebs", self._region).add_auth(request)
        return request.prepare()


def _check_whole(answer: AWSResponse, checksum: str) -> None:
    """Refuse what botocore lets pass: a head that broke off in its first line, a body that is shorter than told."""
    told = answer.headers.get("Content-Length")
    if not answer.headers or (told is not None and int(told) != len(answer.content)):
        raise BrokenAnswerError(f"expected a whole answer, got {len(answer.content)} bytes of {told or 'unknown'}")
    if answer.headers.get("x-amz-Checksum", checksum) != checksum:
        raise WrongChecksumError(f"expected SHA-256 {checksum}, the service got {answer.headers['x-amz-Checksum']}")


def _error(answer: AWSResponse) -> ClientError:
    """An answer that is no success, as botocore would raise it."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        body = None
    told: dict[str, Any] = body if isinstance(body, dict) else {}
    kind = answer.headers.get("x-amzn-ErrorType") or told.get("__type") or told.get("code") or str(answer.status_code)
    response: Any = {
        "Error": {
            "Code": str(kind).split(":", 1)[0].rsplit("#", 1)[-1],
            "Message": str(told.get("Message") or told.get("message") or ""),
        },
        "Reason": str(told.get("Reason") or ""),
        "ResponseMetadata": {"HTTPStatusCode": answer.status_code, "HTTPHeaders": dict(answer.headers)},
    }
    return ClientError(response, _OPERATION)
