"""The instance metadata service as one machine sees it: HTTP over stdin and stdout, one process a connection.

QEMU starts `python -I -S imds.py FACTS` for each connection to 169.254.169.254:80 (qemu_machines.py). FACTS is a JSON
file made by `write_facts` from what moto knows of the instance, so a machine started with a role, a key or a public
address finds them here. Version 2: PUT latest/api/token, tokens with a lifetime, 401 without one where the instance
requires it; meta-data, user-data and the identity document under each version; 404 for whatever is not there.

Where it falls short: packets' hop limit is not looked at (nothing is between guest and service); all versions have the
same keys; no identity-credentials, tags, spot, events, signatures or pkcs7; a role's credentials are made up; addresses
are those of QEMU's network, not of the subnet in moto.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import BufferedIOBase
    from pathlib import Path

    from moto.ec2.models.instances import Instance

VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
    "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
    "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest",
)  # fmt: skip
_LONGEST = 21600  # seconds that a token may live
_PHRASES = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
}

Answer = tuple[int, bytes, dict[str, str]]


class Request:
    """One request's head: method, path without query, headers in lower case."""

    def __init__(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.method, self.path, self.headers = method, path, headers

    @classmethod
    def read(cls, stream: BufferedIOBase) -> Request | None:
        """The next request of a connection; None at its end."""
        words = stream.readline().split()
        if len(words) < 2:
            return None
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        stream.read(int(headers.get("content-length") or 0))
        return cls(words[0].decode("latin-1"), words[1].decode("latin-1").partition("?")[0], headers)


class Service:
    """One instance's service."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.enabled: bool = facts["enabled"]
        self.needs_token: bool = facts["needs_token"]
        self.secret: bytes = facts["secret"].encode()
        self.documents = {path: base64.b64decode(text) for path, text in facts["documents"].items()}

    def answer(self, request: Request) -> Answer:
        """Status, body and headers."""
        if not self.enabled:
            return 403, _page(403), {}
        if request.path == "/latest/api/token":
            return self._give_token(request)
        if request.method not in ("GET", "HEAD"):
            return 405, _page(405), {}
        token = request.headers.get("x-aws-ec2-metadata-token")
        if (token is None and self.needs_token) or (token is not None and not self._holds(token)):
            return 401, _page(401), {}
        found = self._find(request.path)
        return (404, _page(404), {}) if found is None else (200, found, {})

    def _give_token(self, request: Request) -> Answer:
        if request.method != "PUT":
            return 405, _page(405), {}
        if "x-forwarded-for" in request.headers:
            return 403, _page(403), {}
        asked = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if not asked.isdecimal() or not 1 <= int(asked) <= _LONGEST:
            return 400, _page(400), {}
        token = self._sign(str(int(time.time()) + int(asked)))
        return 200, token.encode(), {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": asked}

    def _sign(self, end: str) -> str:
        seal = hashlib.sha256(self.secret + end.encode()).digest()
        return base64.urlsafe_b64encode(end.encode() + b"." + seal).decode()

    def _holds(self, token: str) -> bool:
        try:
            end = base64.urlsafe_b64decode(token).split(b".", 1)[0].decode()
            return token == self._sign(end) and int(end) > time.time()
        except ValueError:
            return False

    def _find(self, path: str) -> bytes | None:
        """A document, or the list of what is below a folder; None when there is neither."""
        version, _, name = path.lstrip("/").partition("/")
        if not version:
            return "\n".join(VERSIONS).encode()
        if version not in VERSIONS:
            return None
        if name in self.documents:
            return self.documents[name]
        folder = name.rstrip("/") + "/" if name else ""
        if folder in self.documents:  # a list of its own
            return self.documents[folder]
        below = {key.removeprefix(folder) for key in self.documents if key.startswith(folder)}
        names = {key.split("/")[0] + ("/" if "/" in key else "") for key in below}
        return "\n".join(sorted(names)).encode() or None


def serve(source: BufferedIOBase, out: BufferedIOBase, service: Service) -> None:
    """Answer the requests of one connection."""
    while request := Request.read(source):
        status, body, headers = service.answer(request)
        kept = request.headers.get("connection", "").lower() != "close"
        fields = {
            "Content-Type": "text/plain" if status == 200 else "text/html",
            "Content-Length": str(len(body)),
            "Connection": "keep-alive" if kept else "close",
            "Server": "EC2ws",
            **headers,
        }
        lines = [f"HTTP/1.1 {status} {_PHRASES[status]}", *(f"{name}: {value}" for name, value in fields.items())]
        out.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if request.method == "HEAD" else body))
        out.flush()
        if not kept:
            return


def _page(status: int) -> bytes:
    phrase = f"{status} - {_PHRASES[status]}"
    return f"<html><head><title>{phrase}</title></head>\n<body><h1>{phrase}</h1></body></html>\n".encode()


def write_facts(target: Path, instance: Instance, *, mac: str, address: str, network: str, secret: str) -> None:
    """What the service of `instance` is to say, for its program; `network` is what the guest takes for its VPC."""
    options = instance.metadata_options
    documents = {path: text.encode() for path, text in _documents(instance, mac, address, network).items()}
    if instance.user_data is not None:
        documents["user-data"] = base64.b64decode(instance.user_data.as_bytes())
    facts = {
        "enabled": options.http_endpoint == "enabled",
        "needs_token": options.http_tokens == "required",
        "secret": secret,
        "documents": {path: base64.b64encode(data).decode() for path, data in documents.items()},
    }
    target.write_text(json.dumps(facts))


def _documents(instance: Instance, mac: str, address: str, network: str) -> dict[str, str]:
    host = f"ip-{address.replace('.', '-')}.{instance.region_name}.compute.internal"
    meta = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.ami_launch_index),
        "ami-manifest-path": "(unknown)",
        "hostname": host,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": host,
        "local-ipv4": address,
        "mac": mac,
        "placement/availability-zone": str(instance.availability_zone),
        "placement/region": instance.region_name,
        "profile": "default-hvm",
        "security-groups": "\n".join(group.name for group in instance.security_groups),
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
        "system": "nitro",
        **_disks(instance),
        **_interface(instance, f"network/interfaces/macs/{mac}/", address, network),
        **_openings(instance, f"network/interfaces/macs/{mac}/"),
    }
    identity = json.dumps(_identity(instance, address), indent=2)
    return {f"meta-data/{key}": text for key, text in meta.items()} | {"dynamic/instance-identity/document": identity}


def _disks(instance: Instance) -> dict[str, str]:
    others = [device for device in instance.block_device_mapping if device != instance.root_device_name]
    named = {f"ebs{number}": device.removeprefix("/dev/") for number, device in enumerate(others, start=1)}
    root = str(instance.root_device_name)
    return {
        f"block-device-mapping/{key}": name
        for key, name in {"ami": root.removeprefix("/dev/"), "root": root, **named}.items()
    }


def _interface(instance: Instance, folder: str, address: str, network: str) -> dict[str, str]:
    interface = instance.nics[0]
    return {
        f"{folder}device-number": "0",
        f"{folder}interface-id": interface.id,
        f"{folder}local-ipv4s": address,
        f"{folder}mac": folder.rstrip("/").rsplit("/", 1)[-1],
        f"{folder}owner-id": instance.owner_id,
        f"{folder}security-group-ids": "\n".join(group.id for group in instance.security_groups),
        f"{folder}subnet-id": str(instance.subnet_id),
        f"{folder}subnet-ipv4-cidr-block": network,
        f"{folder}vpc-id": str(instance.vpc_id),
        f"{folder}vpc-ipv4-cidr-block": network,
        f"{folder}vpc-ipv4-cidr-blocks": network,
    }


def _openings(instance: Instance, folder: str) -> dict[str, str]:
    """What an isolated machine has none of: a public address, a key, a role."""
    found: dict[str, str] = {}
    if public := instance.public_ip:
        found |= {"public-ipv4": public, f"{folder}public-ipv4s": public}
    if key := instance.key_name:
        found |= {"public-keys/": f"0={key}", "public-keys/0/openssh-key": f"ssh-ed25519 AAAA {key}"}
    if instance.iam_instance_profile:
        profile = {"Code": "Success", "InstanceProfileArn": str(instance.iam_instance_profile)}
        secret = {"Code": "Success", "AccessKeyId": "ASIAMADEUP", "SecretAccessKey": "made-up", "Token": "made-up"}
        found |= {"iam/info": json.dumps(profile), "iam/security-credentials/role": json.dumps(secret)}
    return found


def _identity(instance: Instance, address: str) -> dict[str, Any]:
    return {
        "accountId": instance.owner_id,
        "architecture": instance.architecture,
        "availabilityZone": instance.availability_zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "kernelId": None,
        "pendingTime": instance.launch_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "privateIp": address,
        "ramdiskId": None,
        "region": instance.region_name,
        "version": "2017-09-30",
    }


if __name__ == "__main__":
    with open(sys.argv[1]) as stream:  # noqa: PTH123 -- pathlib takes longer to load than all the rest
        its_service = Service(json.load(stream))
    serve(sys.stdin.buffer, sys.stdout.buffer, its_service)  # type: ignore[arg-type] # buffered they are
