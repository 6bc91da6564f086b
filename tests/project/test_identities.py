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
        "image": "6d7797af9b9db5218848ebc17297517517cab929b1a723760afd30e335aef880",
        "acceptance": "e6230f0d516966437f661c857c1c6c2ff38755930cb05b2d42be6f67e3421028",
        "build media": "7fbdf28780db79b1f87a979159cd8ab1ef4cba72ebe811466d66842cacff0bc0",
        "acceptance media": "077c7b7080c7d57f7c944d68249aa074ec3727053d4419a49dcefca1ab5b7ff0",
        "plan files": "438cffb3c26be92005b00179c0d43b9e84d9deb226832d9e3bdaeca458919617",
        "controls": "15e9dc92e732d2582e2a7f94ef80b6dc97922ce2e0306b35f2c8943b04ce04d1",
    }


def test_a_known_order_on_aws(project: Project) -> None:
    assert identities(on_aws(project)) == {
        "image": "92cd38b630d312828c94618f64cdc3514564c0080bba0f27a4484ed170fd7944",
        "acceptance": "b7a418f07875fa85060faea3e34c1479fd3432e83f64edfa7fae045b66538a05",
        "build media": "af8eac3d21a734ce984fde24473a59bf101cdbc38fd853fd728b6e93efbb0368",
        "acceptance media": "8e1b3a9aff17b5647fa6b7c9e85f5c2ac55368baace4d0a4e4b8ebbf3f9f8603",
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
