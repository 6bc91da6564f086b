"""The double of the metadata service, as a program that speaks HTTP over its stdin and stdout."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from tests.doubles import imds
from tests.doubles.imds import Request, Service
from tests.doubles.server import ACCOUNT, REGION, Server
from tests.support.aws.doubled import image, server

__all__ = ["server"]
MAC = "06:00:00:00:00:01"
PUT = "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@pytest.fixture
def facts(server: Server, tmp_path: Path) -> Path:
    return write(server, tmp_path, MetadataOptions={"HttpTokens": "required"}, UserData="#!/bin/sh\necho hallo\n")


def write(server: Server, folder: Path, **more: Any) -> Path:
    """The facts of an instance that was started with these arguments."""
    ec2 = server.client("ec2")
    name = ec2.run_instances(
        ImageId=image(ec2, name=f"base {len(list(folder.iterdir()))}"),
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        **more,
    )["Instances"][0]["InstanceId"]
    target = folder / f"{name}.json"
    instance = ec2_backends[ACCOUNT][REGION].get_instance(name)
    imds.write_facts(target, instance, mac=MAC, address="10.0.0.5", network="10.0.0.0/24", secret="s")
    return target


def talk(facts: Path, *requests: str) -> list[Answer]:
    """The answers on one connection."""
    program = [sys.executable, "-I", "-S", imds.__file__, str(facts)]
    done = subprocess.run(program, input="".join(requests).encode(), capture_output=True, timeout=30, check=True)
    rest, answers = done.stdout.decode(), []
    while rest:
        head, rest = rest.split("\r\n\r\n", 1)
        first, *lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        size = int(headers["Content-Length"])
        answers.append(Answer(int(first.split()[1]), headers, rest[:size]))
        rest = rest[size:]
    return answers


def get(facts: Path, path: str) -> Answer:
    """What somebody with a token gets."""
    token = talk(facts, PUT)[0].body
    return talk(facts, f"GET {path} HTTP/1.1\r\nX-aws-ec2-metadata-token: {token}\r\n\r\n")[0]


def test_without_a_token_or_with_a_wrong_one_nothing_is_said(facts: Path) -> None:
    answers = talk(
        facts,
        "GET /latest/meta-data/instance-id HTTP/1.1\r\n\r\n",
        "GET /latest/meta-data/instance-id HTTP/1.1\r\nX-aws-ec2-metadata-token: MTIz\r\n\r\n",
        "GET /latest/no-such-thing HTTP/1.1\r\nX-aws-ec2-metadata-token: ?\r\n\r\n",
    )
    assert [answer.status for answer in answers] == [401, 401, 401]


def test_a_token_comes_with_its_lifetime(facts: Path) -> None:
    (answer,) = talk(facts, PUT)
    assert (answer.status, answer.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"]) == (200, "60")


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("PUT /latest/api/token HTTP/1.1\r\n\r\n", 400),
        (PUT.replace("60", "0"), 400),
        (PUT.replace("60", "21601"), 400),
        (PUT.replace("60", "x"), 400),
        (PUT.replace("\r\n\r\n", "\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"), 403),
        ("GET /latest/api/token HTTP/1.1\r\n\r\n", 405),
        ("POST /latest/meta-data/ HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
    ],
)
def test_what_is_no_way_to_a_token(facts: Path, request_text: str, status: int) -> None:
    assert [answer.status for answer in talk(facts, request_text)] == [status]


def test_a_token_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service({"enabled": True, "needs_token": True, "secret": "s", "documents": {"user-data": "eA=="}})
    now = 1000.0
    monkeypatch.setattr("time.time", lambda: now)
    _, token, _ = service.answer(Request("PUT", "/latest/api/token", {"x-aws-ec2-metadata-token-ttl-seconds": "60"}))
    asked = Request("GET", "/latest/user-data", {"x-aws-ec2-metadata-token": token.decode()})
    now = 1059.0
    assert service.answer(asked)[:2] == (200, b"x")
    now = 1060.0
    assert service.answer(asked)[0] == 401


def test_a_machine_finds_itself_under_each_version(facts: Path) -> None:
    name = facts.stem
    for version in ("latest", "2021-03-23", "2009-04-04"):
        assert get(facts, f"/{version}/meta-data/instance-id") == Answer(
            200,
            {"Content-Type": "text/plain", "Content-Length": "19", "Connection": "keep-alive", "Server": "EC2ws"},
            name,
        )
    assert get(facts, "/1999-01-01/meta-data/instance-id").status == 404
    assert "2021-03-23\n" in get(facts, "/").body


def test_folders_are_listed(facts: Path) -> None:
    for path in ("/latest/meta-data", "/latest/meta-data/"):
        names = get(facts, path).body.split("\n")
        assert {"ami-id", "mac", "network/", "placement/", "local-ipv4"} <= set(names)
    assert get(facts, "/latest/meta-data/network/interfaces/macs/").body == f"{MAC}/"
    assert get(facts, "/latest/").body == "dynamic/\nmeta-data/\nuser-data"


def test_user_data_come_as_they_were_given(facts: Path) -> None:
    assert get(facts, "/latest/user-data").body == "#!/bin/sh\necho hallo\n"


def test_the_identity_document_names_the_account(facts: Path) -> None:
    document = json.loads(get(facts, "/latest/dynamic/instance-identity/document").body)
    assert (document["accountId"], document["instanceId"], document["region"]) == (ACCOUNT, facts.stem, REGION)


@pytest.mark.parametrize(
    "path",
    [
        "meta-data/iam/security-credentials/",
        "meta-data/iam/info",
        "meta-data/public-keys/",
        "meta-data/spot/instance-action",
        f"meta-data/network/interfaces/macs/{MAC}/ipv6s",
        "meta-data/instance-i",
    ],
)
def test_what_is_not_there_is_404(facts: Path, path: str) -> None:
    answer = get(facts, f"/latest/{path}")
    assert answer.status == 404
    assert re.search("404 - Not Found", answer.body)


def test_role_key_and_public_address_show(server: Server, tmp_path: Path) -> None:
    iam, ec2 = server.client("iam"), server.client("ec2")
    iam.create_instance_profile(InstanceProfileName="builder")
    ec2.create_key_pair(KeyName="mine")
    facts = write(server, tmp_path, KeyName="mine", IamInstanceProfile={"Name": "builder"})
    assert get(facts, "/latest/meta-data/iam/security-credentials/").body == "role"
    assert get(facts, "/latest/meta-data/public-keys/").body == "0=mine"
    assert get(facts, "/latest/meta-data/public-keys/0/openssh-key").body == "ssh-ed25519 AAAA mine"
    assert get(facts, "/latest/meta-data/public-ipv4").body.count(".") == 3
    assert get(facts, "/latest/user-data").status == 404


def test_an_instance_may_do_without_tokens_or_without_the_service(server: Server, tmp_path: Path) -> None:
    plain = "GET /latest/meta-data/ami-launch-index HTTP/1.1\r\nConnection: close\r\n\r\n"
    lax = write(server, tmp_path, MetadataOptions={"HttpTokens": "optional"})
    assert [(answer.status, answer.body) for answer in talk(lax, plain, plain)] == [(200, "0")]
    off = write(server, tmp_path, MetadataOptions={"HttpEndpoint": "disabled"})
    assert [answer.status for answer in talk(off, plain, PUT)] == [403]
