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
        "image": "ab02382372cb0cbeaa1d7c7bfd247ada83145893ce294043f1d0549e8cb5108e",
        "acceptance": "c648bf241ee1472c27f9f911dc28dd9fa918f733ab1934ed726bd8c6aeea089c",
        "build media": "a20e462c32f8fc6dd4380afb4b0bb0ca21b3853685122d556e6d5b6f46df545b",
        "acceptance media": "734dfc4129ac102fb95a657cb19e34824b528d1d2a8bf510e8a34f6679eca6d6",
        "plan files": "438cffb3c26be92005b00179c0d43b9e84d9deb226832d9e3bdaeca458919617",
        "controls": "15e9dc92e732d2582e2a7f94ef80b6dc97922ce2e0306b35f2c8943b04ce04d1",
    }


def test_a_known_order_on_aws(project: Project) -> None:
    assert identities(on_aws(project)) == {
        "image": "f012642a46951d970eb08b8fe71c223aabb51fc7451c07c2e9fb335c86d1eca4",
        "acceptance": "38faa1a95b5931833989c95d7c37bf1b386c4a6f71519cc4490b14969607fa2a",
        "build media": "2322d4fb15783d21b8e845ada99d92f0ca8954332c9726fd78f4956c92dac51f",
        "acceptance media": "be1690ef052425249f6cb78204953ff6ab3b02b023dd99f68d426173599b5c6c",
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
