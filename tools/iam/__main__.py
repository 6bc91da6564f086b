"""Writes the policies for one account: `python -m tools.iam --account ID --region R --key ARN --bucket B FOLDER`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.iam.documents import Where
from tools.iam.policies import policies


def main(words: Sequence[str]) -> int:
    """Write the documents of docs/iam into a folder, with the values of one account and its partition."""
    parser = argparse.ArgumentParser(prog="python -m tools.iam", description=main.__doc__)
    parser.add_argument("--account", required=True, help="12 digits")
    parser.add_argument("--region", required=True, help="such as eu-central-1, us-gov-west-1, cn-north-1")
    parser.add_argument("--key", required=True, help="the ARN of the stack's key")
    parser.add_argument("--bucket", required=True, help="the bucket of the evidence")
    parser.add_argument("folder", type=Path, help="where they are written; is made when it is missing")
    given = parser.parse_args(words)
    where = Where(account=given.account, region=given.region, kms_key=given.key, bucket=given.bucket)
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, text in policies(where).items():
        (given.folder / name).write_text(text)
        print(given.folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
