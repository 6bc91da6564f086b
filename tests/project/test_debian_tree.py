"""What tests keep in the cache goes only when no test uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.debian_tree import unused

CHECKOUT = Path(__file__).parents[2]
KEEPER = """
import sys
from pathlib import Path
from tests.debian_tree import keep
keep(Path(sys.argv[1]))
print(flush=True)
input()
"""


def test_a_folder_that_another_process_keeps_is_unused_only_after_its_end(tmp_path: Path) -> None:
    kept, old = tmp_path / "kept", tmp_path / "old"
    kept.mkdir()
    old.mkdir()
    words = [sys.executable, "-c", KEEPER, str(kept)]
    with subprocess.Popen(words, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout is not None
        keeper.stdout.readline()
        assert list(unused(tmp_path)) == [old]
        keeper.communicate(b"\n")
    assert sorted(unused(tmp_path)) == [kept, old]
