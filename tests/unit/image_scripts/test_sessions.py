"""image_scripts/sessions.py: what is made of a shell's words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "image_scripts"
SHELL = "import json, sessions, sys; print(json.dumps(sessions._shell(sys.argv[1])))"


def say(program: str, *words: str) -> object:
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=SCRIPTS, capture_output=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n0027\n=900\n", [0o27, "900", False]),
        ("\n0027\n=900\n=changed\n", [0o27, "900", True]),
        ("\n0022\n=\n=changed\n", [0o22, "", True]),
        ("Welcome!\n0077\n=600\n\n0022\n=\n", [0o22, "", False]),
        ("\n0027\n=900\nbye\n", [None, "", False]),
        ("0027\n", [None, "", False]),
        ("", [None, "", False]),
    ],
)
def test_a_shells_last_words_are_its_own_and_anything_else_is_no_answer(text: str, told: list[object]) -> None:
    assert say(SHELL, text) == told
