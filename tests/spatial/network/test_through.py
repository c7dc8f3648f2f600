"""Few nodes meet every way through a network that a patch takes away or makes."""

from functools import lru_cache

import numpy as np
import pytest
from changed import demo
from test_network_changes import a_change

from spatial.errors import InputError
from spatial.network.edits import Editor
from spatial.network.through import ways_through
from spatial.scenarios import BuildLink, CutLink
from spatial.scenarios.plan import resolve


@lru_cache(maxsize=1)
def some_patches():
    _, base = demo()
    rng, found = np.random.default_rng(12), []
    while len(found) < 20:
        changes = [a_change(base, rng) for _ in range(1 + len(found) % 3)]
        try:
            patch = resolve(base, changes).patch
        except InputError:
            continue
        if patch is not None:
            found.append((changes, patch))
    return base, found


def test_a_cut_takes_one_way_and_makes_none_and_a_straight_link_takes_none():
    base, patches = some_patches()
    single = [(changes[0], patch) for changes, patch in patches if len(changes) == 1]
    for change, patch in single:
        ways = ways_through(base.network, patch)
        if isinstance(change, CutLink):
            assert (len(ways.lost), len(ways.gained)) == (1, 0)
        if isinstance(change, BuildLink):
            assert len(ways.lost) == 0
            assert 1 <= len(ways.gained) <= len(patch.edge)


def test_an_edge_that_is_cut_but_leads_on_is_neither_lost_nor_gained():
    _, base = demo()
    editor = Editor.of(base.network)
    editor.cut(0, int(base.network.edge_length_mm[0]) // 2)
    ways = ways_through(base.network, editor.patch())
    assert (len(ways.lost), len(ways.gained)) == (0, 0)


@pytest.mark.parametrize("offset_mm", [0, 1])
def test_a_severed_end_is_a_way_lost(offset_mm):
    _, base = demo()
    editor = Editor.of(base.network)
    editor.sever_at(0, offset_mm)
    assert len(ways_through(base.network, editor.patch()).lost) == 1
