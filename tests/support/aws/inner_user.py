"""A process that uses an inner stack until it is told to end, or is killed.

`python -m tests.support.aws.inner_user INNER` runs it.
"""

from __future__ import annotations

import os
import sys

from hallmark.engine.ephemeral import Inner, ephemeral

if __name__ == "__main__":
    with ephemeral(Inner.model_validate_json(sys.argv[1]), os.environ, lambda text: print("say", text, flush=True)):
        print("up", flush=True)
        sys.stdin.read()
