"""User data: the one input that a guest can trust.

It carries the bootstrap script, with the hash of the media's manifest in its header, and a cloud-config.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from hallmark.guest.task import GuestTask

SIGN_IN_GROUPS = ("sudo", "ssh-users")
# No account, no key, no package: a build's own first boot leaves nothing in the image.
BUILD_CLOUD_CONFIG = {"users": [], "ssh_genkeytypes": [], "ssh_deletekeys": False, "disable_root": True}
_BOUNDARY = "hallmark-user-data"


def acceptance_cloud_config(administrators: Iterable[str]) -> dict[str, Any]:
    """The candidate's first boot is that of a machine which is launched from it: its administrators can sign in."""
    return {"users": [{"name": name, "groups": list(SIGN_IN_GROUPS)} for name in administrators]}


def user_data(task: GuestTask) -> bytes:
    """A guest's user data: the bootstrap as a boothook, before anything else, and a cloud-config."""
    header = {
        "HALLMARK_MODE": task.mode,
        "HALLMARK_MANIFEST": task.manifest,
        "HALLMARK_DEADLINE": f"{task.deadline_minutes}min",
        "HALLMARK_IMAGE": task.image,
        "HALLMARK_PROBES": " ".join(task.probes),
    }
    assignments = "".join(f"{name}={shlex.quote(value)}\n" for name, value in header.items())
    parts = MIMEMultipart(boundary=_BOUNDARY)
    parts.attach(_part(f"#!/bin/sh\n{assignments}{task.bootstrap.read_text()}", "cloud-boothook"))
    parts.attach(_part("#cloud-config\n" + json.dumps(task.cloud_config), "cloud-config"))
    return parts.as_bytes()


def _part(text: str, kind: str) -> MIMEText:
    part = MIMEText(text, kind, "utf-8")
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "8bit"
    part.set_payload(text.encode().decode("ascii", "surrogateescape"))  # as it is, byte for byte
    return part
