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
        surroundings="imds",
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
        "image": "8be0038f25809547b79cc7cd8b8ae7c0d156c843ddead4835ccb2df8e5b60568",
        "acceptance": "d9d3b858c5b36022c0a649777477a82843ea72d4ee91f74ccf1516803a9bcd60",
        "build media": "75d3ad3b65a170bc350073528cb1d2450ed6d359af8ded804ae466573b4be06d",
        "acceptance media": "d50f4be1d3c01446d8485ea3fe21348a7fadf1ba36c911deb826a9019e2ae1af",
        "plan files": "438cffb3c26be92005b00179c0d43b9e84d9deb226832d9e3bdaeca458919617",
        "controls": "15e9dc92e732d2582e2a7f94ef80b6dc97922ce2e0306b35f2c8943b04ce04d1",
    }


def test_a_known_order_on_aws(project: Project) -> None:
    assert identities(on_aws(project)) == {
        "image": "d8842ccc25b9143500be5f58c2ba13e4cbec70fae9f44dc25e7bf89a48bec709",
        "acceptance": "ae0bad19934ecff4d608c1dc1e294eed0087c571c6ed38528327c3215e890899",
        "build media": "4bf947d6959755ba507cf6207bf72c2ae43585a40b6ca61b184f748a0b74c1d8",
        "acceptance media": "a93c2bc4a6bad7e96826e20e1e6f6172bae053bdc48776282befbabda7c959c4",
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
