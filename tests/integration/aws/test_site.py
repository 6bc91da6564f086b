"""Where a stack builds: its base found or pinned, its state and secrets where Pulumi has them, nothing secret in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from hallmark.aws.session import Aws
from hallmark.aws.site import Site, current_settings, load_site, save_site, survey, what_a_runner_forgets
from hallmark.common.errors import AwsError, SettingsError
from hallmark.config.settings import load_settings
from hallmark.order.resolve import Context
from tests.support.aws.site import SITE
from tests.support.aws.strict import REGION, base_ami, strict_account
from tests.support.examples import TODAY, Project
from tests.unit.engine.test_backend import cli

KEY = "alias/hallmark"


@pytest.fixture(scope="module")
def account() -> Iterator[Aws]:
    with strict_account() as aws:
        yield aws


@pytest.fixture(scope="module")
def base(account: Aws) -> str:
    return base_ami(account, "ours-1")


HERE = {"PULUMI_BACKEND_URL": "file:///state"}


def look_around(account: Aws, checkout: Path, environment: dict[str, str] | None = None, **values: str) -> Site:
    """The site of a stack `aws` with this configuration."""
    config = {f"hallmark:{key}": value for key, value in {"platform": "aws", "kmsKey": KEY, **values}.items()}
    context = Context(
        settings=load_settings(config, where="stack aws"),
        places=Project(checkout).places(),
        root=checkout,
        today=TODAY,
    )
    return survey(context, account, project="hallmark", stack="aws", environment=environment or HERE)


def owned(name: str) -> str:
    return json.dumps({"owners": ["self"], "name": name})


def test_the_newest_ami_of_owner_and_name_is_the_base(account: Aws, tmp_path: Path) -> None:
    amis: Any = ec2_backends[account.sts.get_caller_identity()["Account"]][REGION].amis
    made = {name: base_ami(account, f"newest-{name}") for name in ("old", "new", "middle")}
    base_ami(account, "other-9")
    for name, day in {"old": 1, "new": 3, "middle": 2}.items():
        amis[made[name]].creation_date = datetime(2026, 11, day, tzinfo=UTC)
    site = look_around(account, tmp_path, baseAmi=owned("newest-*"))
    assert (site.base.id, site.base.name) == (made["new"], "newest-new")


def test_a_pinned_base_is_that_one(base: str, account: Aws, tmp_path: Path) -> None:
    base_ami(account, "ours-newer")
    site = look_around(account, tmp_path, baseAmi=json.dumps({"id": base}))
    assert (site.base.id, site.base.boot_mode, site.base.root_gib) == (base, "uefi", 1)


def test_no_ami_that_matches_is_one_clear_error(account: Aws, tmp_path: Path) -> None:
    with pytest.raises(AwsError) as error:
        look_around(account, tmp_path)
    assert str(error.value) == (
        f"base: no x86_64 AMI of owner 136693071363 matches 'debian-13-amd64-*' in {REGION}; mend owner, name or region"
    )


def test_an_ami_of_another_region_is_not_there(account: Aws, tmp_path: Path) -> None:
    with pytest.raises(AwsError, match=r"^base: ami-0123456789abcdef0: no such AMI in eu-central-1, or not shared"):
        look_around(account, tmp_path, baseAmi='{"id": "ami-0123456789abcdef0"}')


def test_a_base_with_product_codes_is_refused(account: Aws, tmp_path: Path) -> None:
    made = base_ami(account, "sold-1")
    amis: Any = ec2_backends[account.sts.get_caller_identity()["Account"]][REGION].amis
    amis[made].product_codes = [{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}]
    with pytest.raises(
        AwsError, match=rf"^base: {made} \(sold-1\): has product codes \(abc\), .*; choose another AMI$"
    ):
        look_around(account, tmp_path, baseAmi=json.dumps({"id": made}))


def test_no_credentials_is_one_clear_error(account: Aws, base: str, tmp_path: Path) -> None:
    with pytest.raises(AwsError, match=r"^base: no credentials found; set AWS_PROFILE or aws:profile"):
        look_around(Aws(account.settings), tmp_path, baseAmi=json.dumps({"id": base}))


def test_inner_stacks_go_where_the_outer_one_is(account: Aws, base: str, tmp_path: Path) -> None:
    pinned = json.dumps({"id": base})
    assert (
        look_around(account, tmp_path / "a", {"PULUMI_BACKEND_URL": "s3://states"}, baseAmi=pinned).backend
        == "s3://states"
    )
    there = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/b"}
    assert look_around(account, tmp_path / "b", there, baseAmi=pinned).backend == f"file://{tmp_path}/b?metadata=skip"


def test_who_has_only_logged_in_to_pulumi_cloud_has_inner_stacks_there(account: Aws, base: str, tmp_path: Path) -> None:
    environment = cli(tmp_path / "bin", '{"user": "me", "url": "https://app.pulumi.com/me"}')
    (tmp_path / "b").mkdir()
    site = look_around(account, tmp_path / "b", environment, baseAmi=json.dumps({"id": base}))
    assert (site.backend, site.secrets_provider) == ("https://api.pulumi.com", "default")


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("secretsprovider: awskms://alias/pulumi\n", "awskms://alias/pulumi"),
        ("encryptionsalt: v1:abc\n", "passphrase"),
    ],
)
def test_inner_stacks_keep_secrets_as_the_outer_one_does(
    account: Aws, base: str, tmp_path: Path, text: str, provider: str
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.aws.yaml").write_text(text)
    assert look_around(account, tmp_path, baseAmi=json.dumps({"id": base})).secrets_provider == provider


@pytest.mark.parametrize(
    ("evidence", "kept"),
    [
        ("", "{checkout}/store/evidence"),
        ("proofs", "{checkout}/proofs"),
        ("/srv/proofs", "/srv/proofs"),
        ("s3://proofs/web", "s3://proofs/web"),
    ],
)
def test_a_folder_for_evidence_is_relative_to_the_checkout(
    account: Aws, base: str, tmp_path: Path, evidence: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    site = look_around(account, tmp_path, baseAmi=json.dumps({"id": base}), evidence=evidence)
    assert site.evidence == kept.format(checkout=tmp_path)


def test_it_goes_through_state_and_holds_no_secret(account: Aws, base: str, tmp_path: Path) -> None:
    secrets = {**HERE, "AWS_SECRET_ACCESS_KEY": "hush", "PULUMI_CONFIG_PASSPHRASE": "hush"}
    site = look_around(
        account, tmp_path, secrets, baseAmi=json.dumps({"id": base}), instanceType="m5.large", putsPerSecond="9"
    )
    text = site.model_dump_json()
    assert Site.model_validate_json(text) == site
    assert "hush" not in text
    assert "testing" not in text
    assert (site.instance_type, site.kms_key, site.puts_per_second) == ("m5.large", KEY, 9)


def test_an_image_depends_on_region_type_and_key_but_not_on_who_builds_it(
    account: Aws, base: str, tmp_path: Path
) -> None:
    site = look_around(account, tmp_path, baseAmi=json.dumps({"id": base}))
    assert site.hardware == {"region": REGION, "instance_type": "t3.medium", "kms_key": KEY}
    renamed = site.model_copy(update={"stack": "production", "backend": "s3://states"})
    assert (renamed.hardware, renamed.base_fingerprint) == (site.hardware, site.base_fingerprint)
    other = site.base.model_copy(update={"id": "ami-0other"})
    assert site.model_copy(update={"base": other}).base_fingerprint != site.base_fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "{hallmark:platform: aws, aws:profile: new, aws:region: eu-central-1}",
        "{hallmark:platform: aws, aws:profile: new}",
        "{hallmark:platform: aws, aws:profile: new, aws:region: us-east-1}",  # where the next image will be
        "{hallmark:platform: local, aws:profile: new}",
    ],
)
def test_what_the_state_knows_is_reached_as_the_stacks_file_says_now_in_its_own_region(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.aws.yaml").write_text(f"config: {text}\n")
    settings = current_settings(tmp_path, "aws", "eu-central-1")
    assert (settings.profile, settings.region) == ("new", "eu-central-1")


def test_without_the_stacks_file_nobody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        current_settings(tmp_path, "aws", "eu-central-1")
    path = tmp_path / "stacks" / "Pulumi.aws.yaml"
    assert str(error.value) == f"{path}: expected the configuration of stack aws, found none; bring it back"


def test_a_site_reaches_the_providers_as_a_file(account: Aws, base: str, tmp_path: Path) -> None:
    site = look_around(account, tmp_path, baseAmi=json.dumps({"id": base}))
    assert load_site(save_site(site, tmp_path / "cache")) == site


@pytest.mark.parametrize(
    ("changes", "environment", "told"),
    [
        ({}, {}, []),
        ({}, {"CI": "false"}, []),
        ({}, {"CI": "true"}, ["so it builds every image anew; set hallmark:evidence", "name a shared backend"]),
        ({"evidence": "s3://b/p"}, {"CI": "true"}, ["name a shared backend in PULUMI_BACKEND_URL"]),
        ({"backend": "s3://state"}, {"CI": "1"}, ["so it builds every image anew"]),
        ({"evidence": "s3://b/p", "backend": "s3://state"}, {"CI": "true"}, []),
    ],
)
def test_a_runner_is_told_what_the_next_one_will_not_know(
    changes: dict[str, str], environment: dict[str, str], told: list[str]
) -> None:
    here = SITE.model_copy(update={"evidence": "/evidence", "backend": "file:///state", **changes})
    lines = what_a_runner_forgets(here, environment)
    assert len(lines) == len(told)
    assert all(words in line for words, line in zip(told, lines, strict=True))
