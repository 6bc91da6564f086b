"""Images on AWS, as the sequence and the command line use them: root snapshots and AMIs, their evidence beside them.

Evidence is kept before the snapshot or the mark that it vouches for, so there is never one without the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hallmark.aws import tags as aws_tags
from hallmark.aws.channel import channels_of
from hallmark.aws.ebs.snapshots import wait_until_completed
from hallmark.aws.evidence import open_evidence
from hallmark.aws.images import (
    AmiImage,
    Root,
    find_root,
    get_image,
    list_images,
    retry_image,
    set_verdict,
    snapshot_root,
)
from hallmark.aws.session import Aws
from hallmark.aws.site import Site
from hallmark.common.errors import AwsError, SettingsError
from hallmark.common.fingerprint import Sha256
from hallmark.evidence.summary import Artefact, Summary, load_summary
from hallmark.order.order import Order
from hallmark.pipeline.machines import RunOutputs, Say
from hallmark.store.image import image_id


class AwsImageStore:
    """A build leaves a root snapshot; what is judged is an AMI of it. See pipeline/image_store.py."""

    def __init__(self, site: Site, aws: Aws | None = None) -> None:
        self._site, self._aws = site, aws or Aws(site.aws)
        self._evidence = open_evidence(site.evidence, self._aws)

    def find(self, order: Order) -> Root | None:
        """The root snapshot that our evidence vouches for."""
        run = self._evidence.run_of(image_id(order.recipe, order.fingerprint))
        return find_root(self._aws, order.recipe, order.fingerprint, run) if run else None

    def keep(self, order: Order, outputs: RunOutputs, work: Path, say: Say) -> Root:
        """Keep the evidence; then, and only then, start the root snapshot."""
        assert outputs.id is not None
        self._evidence.publish(image_id(order.recipe, order.fingerprint), work / "evidence")
        say("build: taking the snapshot of the root volume")
        labels = self._site.labels(order.recipe, "image", outputs.id, order.fingerprint)
        return snapshot_root(self._aws, outputs.disk, labels)

    def settle(self, built: Root, say: Say) -> Root:
        """Wait until the snapshot is completed."""
        wait_until_completed(
            self._aws.ec2, built.snapshot, report=lambda progress: say(f"build: snapshot at {progress}")
        )
        return built.model_copy(update={"completed": True})

    def name_of(self, built: Root) -> str:
        """The snapshot's id."""
        return built.snapshot

    def get(self, name: str, order: Order) -> AmiImage:
        """The AMI with this id; AwsError when its tags or its evidence say that it is not the order's."""
        image = get_image(self._aws, name)
        if image.fingerprint != order.fingerprint:
            raise AwsError(
                f"{name}: expected the image of {order.fingerprint[:16]}, its tag says {image.fingerprint[:16]}"
            )
        self.check_evidence(image)
        return image

    def check_evidence(self, image: AmiImage) -> None:
        """AwsError when the evidence of these inputs is of another run than the one that made the AMI."""
        if self._evidence.run_of(image.id) not in (None, image.build):
            raise AwsError(
                f"{self.evidence_of(image)}: expected the evidence of {image.build}, which made {image.ami}, "
                "it is another run's"
            )

    @contextmanager
    def judging(self, image: AmiImage, work: Path) -> Iterator[Path]:
        """A copy of its evidence, which is kept in place of the old when the block ends well."""
        folder = work / "evidence"
        self._evidence.fetch(image.id, folder)
        yield folder
        self._evidence.publish(image.id, folder)

    def boots(self, image: AmiImage) -> str:
        """The AMI's id."""
        return image.ami

    def subject(self, image: AmiImage) -> str:
        """Its name and the AMI's id."""
        return f"{image.id}: {image.ami}"

    def label(self, image: AmiImage) -> str:
        """The AMI's id."""
        return image.ami

    def retry_words(self, image: AmiImage) -> str:
        """By the AMI's id, in the stack."""
        return f"hallmark retry {image.ami} --stack {self._site.stack}"

    def evidence_of(self, image: AmiImage) -> str:
        """A folder or a URL."""
        return self._evidence.where(image.id)

    def artefact(self, image: AmiImage) -> Artefact:
        """Its ids: AWS gives no hash of a snapshot."""
        return Artefact(ami=image.ami, snapshot=image.snapshot, region=image.region)

    def released(self, recipe: str, work: Path) -> Summary | None:
        """Of the recipe's newest released AMI, as far as its evidence is here."""
        images = list_images(self._aws, {aws_tags.STATUS: aws_tags.RELEASED})
        newest = next((image for image in images if image.recipe == recipe), None)
        if newest is None or self._evidence.run_of(newest.id) is None:
            return None
        folder = work / "released"
        self._evidence.fetch(newest.id, folder)
        return load_summary(folder)

    def accept(self, image: AmiImage, acceptance: Sha256) -> AmiImage:
        """Mark it in its tags."""
        set_verdict(self._aws, image.ami, "accepted", acceptance)
        return get_image(self._aws, image.ami)

    def reject(self, image: AmiImage, acceptance: Sha256, reason: str) -> None:
        """Mark it in its tags; the reason is in the evidence."""
        set_verdict(self._aws, image.ami, "rejected", acceptance)


class AwsCatalogue:
    """The images of a stack's account and region, for the command line."""

    last_column = "ami"

    def __init__(self, stack: str, aws: Aws) -> None:
        self._stack, self._aws = stack, aws

    @property
    def where(self) -> str:
        """The account, by its stack."""
        return f"the account of stack {self._stack}"

    def images(self) -> list[dict[str, Any]]:
        """All images of Hallmark's, the newest first, with the channels that lead to them."""
        return [self._facts(image) for image in list_images(self._aws)]

    def show(self, name: str) -> dict[str, Any]:
        """One image: by AMI id, by image id, or a recipe's released or else newest one. AwsError without one."""
        if name.startswith("ami-"):
            return self._facts(get_image(self._aws, name))
        found = [image for image in list_images(self._aws) if name in (image.id, image.recipe)]
        if not found:
            raise AwsError(
                f"{name}: expected an AMI's or an image's id, or a recipe with images in {self._aws.settings.region}; "
                f"see `hallmark images --stack {self._stack}`"
            )
        described = [self._facts(image) for image in found]
        return next((image for image in described if image["channels"]), described[0])

    def retry(self, name: str) -> dict[str, Any]:
        """A rejected image, by any name that `show` takes."""
        return self._facts(retry_image(self._aws, self.show(name)["ami"]))

    def gc(self, keep: int, *, dry_run: bool = False) -> list[str]:
        """SettingsError: who uses an AMI is not known here."""
        raise SettingsError(
            f"stack {self._stack} builds on AWS, where `hallmark gc` has nothing to do; who uses an AMI is not known "
            "here: deregister those that nobody does"
        )

    def _facts(self, image: AmiImage) -> dict[str, Any]:
        return {**image.model_dump(mode="json"), "channels": channels_of(self._aws, image.recipe, image.ami)}
