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
        "image": "5d8f1c5b217d107d52800e9ee45610eb226edddb32cc328585943c3deb8b524a",
        "acceptance": "d8c349a99ee74adaaec1e20ba4cd648558c48a90c7a18f51a03e89d333b4d3fb",
        "build media": "c7cde91aecfb8a663d9be3b1abb1ac391ea89324f54152d3189f9446227272f1",
        "acceptance media": "2e528ad8f0067329bf7b39e4161623bfa6387f34530ec5eaeb1fcd5a0781d7f5",
        "plan files": "438cffb3c26be92005b00179c0d43b9e84d9deb226832d9e3bdaeca458919617",
        "controls": "15e9dc92e732d2582e2a7f94ef80b6dc97922ce2e0306b35f2c8943b04ce04d1",
    }


def test_a_known_order_on_aws(project: Project) -> None:
    assert identities(on_aws(project)) == {
        "image": "a5913f945a902a8b3481ffa8578e2d53a6bc8e72fba1600a926f0ab596c4c0d2",
        "acceptance": "c0e661a4ce1198e9b80f393f20e1ebe2bac875474e0cfddbe8ae371229f70a0c",
        "build media": "985f694339f756c4e1f26791cae5e09d9213d2cc74d3e97f326f52d0707e55e5",
        "acceptance media": "4a3f6c9279e8c5d291a59fb2fd25adce67f79e60a21593a168bf937bc01cd5c1",
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
