#!/bin/sh
# R2: see control.toml. Changes nothing but the record: what a package's file should be, this machine does not know.
set -eu

python3 -I - <<'END'
import os
import sys
from pathlib import Path

scripts = Path(os.environ["HALLMARK_SCRIPTS"])
sys.path[:0] = [str(scripts), os.environ["HALLMARK_CONTROL"]]
sys.dont_write_bytecode = True
from check import record
from lib import Context

plan = (Path(os.environ["HALLMARK_PLAN"]) / "plan").read_text().split()
applies = {}
for control in plan:
    path = scripts / "controls" / control / "apply.sh"
    if path.exists():
        applies[control] = path.read_text()
record(Context(os.environ), applies)
END
