"""Identities that must outlast every change of our own code: another one rebuilds everybody's images.

The inputs are fixed, so the values are too. A change here is a decision: CHANGELOG.md says what is built anew, and why.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hallmark.aws.exchange_volume import plan_carrier
from hallmark.common.fingerprint import Sha256, hash_bytes
from hallmark.order.order import Order, make_order, make_plan
from hallmark.store.image import image_id
from tests.support.examples import BASE, INVENTORY, LOCK, TODAY, Project

HARDWARE = {"region": "eu-central-1", "instance_type": "t3.medium", "kms_key": "alias/images"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def on_aws(project: Project) -> Order:
    return make_order(
        project.recipe,
        make_plan(project.recipe, project.scripts, TODAY, "imds"),
        scripts=project.scripts,
        base=BASE,
        inventory=INVENTORY,
        lock=LOCK,
        expected_network="imds",
        hardware=HARDWARE,
    )


def identities(order: Order) -> dict[str, str]:
    return {
        "image": order.fingerprint,
        "acceptance": order.acceptance_fingerprint,
        "build media": order.build_manifest,
        "acceptance media": order.acceptance_manifest,
        "plan files": hash_bytes(repr(sorted(order.plan_files.items())).encode()),
        "controls": hash_bytes(repr(sorted(order.controls_summary().items())).encode()),
    }


def test_a_known_order_on_this_machine(project: Project) -> None:
    assert identities(project.order()) == {
        "image": "87aa57066ec35e82e7dd68978bfcef9ed090298c8bdb1ba44a90ed9414084207",
        "acceptance": "74f4b6f789788b83c1433f738340022a2108d9bd381b5fb20f17705110aa6ce7",
        "build media": "e4b5bdbba88cbc077bb4701d4320769ea79da72f47dab6a219f262a69b55853d",
        "acceptance media": "5aa882f9cf34d556ab2de8141e10932e4443b301c2bc2a14b680e45b4e5db36f",
        "plan files": "438cffb3c26be92005b00179c0d43b9e84d9deb226832d9e3bdaeca458919617",
        "controls": "15e9dc92e732d2582e2a7f94ef80b6dc97922ce2e0306b35f2c8943b04ce04d1",
    }


def test_a_known_order_on_aws(project: Project) -> None:
    assert identities(on_aws(project)) == {
        "image": "59bd33b2b89aa9eeea381cdb660a07525e04e5762efbd4b3db55984560bc314f",
        "acceptance": "78a0e62f97a4126a91e516ef1ea8da068ba76f78bae93d5e78509966425d37c2",
        "build media": "d478b32553b605a61a3a691f5816343e4024246f4c496242d5921f312dba45b8",
        "acceptance media": "b301c26928a1c5aa2d1b9096770ac359282852585ecc98c17dc71e869fddf413",
        "plan files": "62f6c835a44535a9bb47196be1639e739c188fbea45608fdb8733ccf8a29f423",
        "controls": "15e9dc92e732d2582e2a7f94ef80b6dc97922ce2e0306b35f2c8943b04ce04d1",
    }


def test_parts_that_are_found_again_by_their_identity() -> None:
    assert LOCK.fingerprint == "8a7b94015ab443b78b4a9af658d6a7845c4e73f9b7b8bfde765d915bd6dfbca8"
    assert INVENTORY.fingerprint == "a0c314ac7ab6dcf580bc6fcc66cb05f6115e0cb98300a9895f2757bb20da6005"
    assert (
        plan_carrier(Sha256("a" * 64), 1 << 20, results_mib=256).content
        == "fda8791134d6be2a4d05ec040892e0bed3ab0c1e61f12b98652410ade570c3b5"
    )
    assert image_id("web", Sha256("c" * 64)) == "web-cccccccccccccccc"
