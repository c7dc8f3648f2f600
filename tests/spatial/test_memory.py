"""Freed memory really goes back."""

import sys
from pathlib import Path

import numpy as np
import pytest

from spatial.memory import give_back

MIB = 2**20


def _held_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux how much is held")
def test_small_pieces_that_were_freed_go_back_to_the_system():
    pieces = [np.ones(1000) for _ in range(20_000)]
    pin = np.ones(1000)  # stands above them: without trimming they stay with the process
    held = _held_bytes()
    del pieces
    give_back()
    assert held - _held_bytes() > 100 * MIB
    assert pin.sum() == 1000
