"""Links, openings, gates and cuts: what changes is found exactly, and changes back."""

import numpy as np
import pytest
from changed import assert_exact, demo
from pandas.testing import assert_frame_equal
from shapely import LineString
from test_facilities import some_changes

from spatial.errors import InputError
from spatial.network.edits import Editor, apply_patch, moved_points
from spatial.scenarios import BuildLink, CloseGate, CutLink, OpenGate, OpenWall, warm_up
from spatial.scenarios.missing_links import missing_links


def a_change(base, rng):
    """Draw a change of the network; it may be one that cannot be made."""
    homes = base.frame("neighbourhoods").geometry.representative_point()
    here, there = (homes.iloc[i] for i in rng.integers(len(homes), size=2))
    walls = base.arrays["obstacle_xy_m"][base.arrays["obstacle_kind"] == 0]
    nodes = base.network.node_xy_m
    draw = rng.random()
    if draw < 0.25:
        gap = np.array([there.x - here.x, there.y - here.y])
        far = 400.0 * gap / max(np.hypot(*gap), 1.0)
        return BuildLink(LineString([(here.x, here.y), (here.x + far[0], here.y + far[1])]))
    if draw < 0.5:
        x_m, y_m = walls[rng.integers(len(walls))].mean(axis=0)
        return OpenWall(float(x_m), float(y_m))
    if draw < 0.7:
        return CloseGate(str(rng.choice(base.frame("gates").index)))
    if draw < 0.8 and len(base.closed_gates):
        gate = base.closed_gates.geometry.iloc[rng.integers(len(base.closed_gates))]
        return OpenGate(gate.x, gate.y)
    x_m, y_m = nodes[rng.integers(len(nodes))] + rng.uniform(-5, 5, 2)
    return CutLink(float(x_m), float(y_m))


def possible(base, rng, count):
    """Draw changes of the network that can be made one after the other."""
    changes = []
    while len(changes) < count:
        change = a_change(base, rng)
        try:
            base.run([*changes, change])
        except InputError:
            continue
        changes.append(change)
    return changes


@pytest.mark.parametrize("seed", range(8))
def test_a_random_sequence_of_network_changes_equals_the_city_computed_again(seed):
    analysis, base = demo()
    rng = np.random.default_rng(seed)
    changes = possible(base, rng, 1 + seed % 4)
    if seed % 2:
        changes = [*some_changes(base, rng, 3), *changes]
    assert_exact(base, analysis, changes)


def test_changes_of_the_network_leave_no_trace():
    _, base = demo()
    rng = np.random.default_rng(77)
    facilities = some_changes(base, rng, 4)
    before = base.run(facilities)
    base.run(possible(base, rng, 4))
    after = base.run(facilities)
    assert base.run([]).gaps.empty
    assert_frame_equal(before.gaps, after.gaps, check_exact=True)
    assert before.figures == after.figures


def arrays_of(base):
    return {name: values.copy() for name, values in base.arrays.items()}


def assert_untouched(base, before):
    for name, values in before.items():
        np.testing.assert_array_equal(base.arrays[name], values, err_msg=name)


def test_changes_of_the_network_put_every_array_back_to_the_last_digit():
    _, base = demo()
    before = arrays_of(base)
    for seed in range(3):
        base.run(possible(base, np.random.default_rng(seed), 4))
        assert_untouched(base, before)


def test_a_question_that_fails_half_way_leaves_no_trace(monkeypatch):
    _, base = demo()
    before, live = arrays_of(base), base.live
    changes = possible(base, np.random.default_rng(3), 3)
    asked = base.run(changes)
    assert_untouched(base, before)
    with pytest.raises(InputError, match="there is no gate"):
        base.run([*changes, CloseGate("nobody")])
    assert_untouched(base, before)
    # Room for the ways of the first nodes that change, none for those of the last.
    monkeypatch.setitem(live.counts, "arc", len(live.arcs.arc) - 4)
    with pytest.raises(InputError, match="more streets than one base has room for"):
        base.run(changes)
    assert_untouched(base, before)
    again = base.run(changes)
    assert_frame_equal(asked.gaps, again.gaps, check_exact=True)
    assert asked.figures == again.figures


def test_cutting_an_edge_loses_neither_millimetres_nor_milliseconds():
    _, base = demo()
    network = base.network
    editor = Editor.of(network)
    rng = np.random.default_rng(1)
    for row in rng.integers(network.edge_count, size=20).tolist():
        at = row
        for _ in range(3):
            editor.cut(at, int(rng.integers(0, editor.edge(at).length_mm + 1)))
            at = int(rng.choice([row, max(editor.changed, default=row)]))
    patch = editor.patch()
    for root, pieces in patch.pieces.items():
        assert [piece[0] for piece in pieces[1:]] == [piece[1] for piece in pieces[:-1]]
        parts = [editor.edge(piece[2]) for piece in pieces]
        assert sum(part.length_mm for part in parts) == network.edge_length_mm[root]
        for way in range(2):
            whole = network.edge_time_ms[root, way]
            times = [part.time_ms[way] for part in parts]
            assert sum(times) == whole if whole >= 0 else set(times) == {-1}
        assert all(part.length_mm > 0 for part in parts)


def test_points_stay_where_they_are_when_their_edge_is_cut():
    analysis, base = demo()
    network, gates = base.network, analysis.basis.walk.gates
    editor = Editor.of(network)
    for row in np.unique(gates.edge[gates.edge >= 0]).tolist():
        editor.cut(row, int(network.edge_length_mm[row]) // 3)
    patch = editor.patch()
    changed = apply_patch(network, patch)
    moved = moved_points(gates, patch)

    def place(net, points):
        lines = net.edge_lines(points.edge)
        share = points.offset_mm / net.edge_length_mm[points.edge]
        return np.array(
            [
                line.interpolate(s, normalized=True).coords[0]
                for line, s in zip(lines, share, strict=True)
            ]
        )

    on = gates.edge >= 0
    before, after = place(network, gates.take(on)), place(changed, moved.take(on))
    assert np.abs(before - after).max() < 0.002
    assert (moved.edge[on] != gates.edge[on]).any()


def test_a_patched_network_is_a_network():
    _, base = demo()
    changes = possible(base, np.random.default_rng(9), 4)
    from spatial.scenarios.plan import resolve

    patch = resolve(base, changes).patch
    changed = apply_patch(base.network, patch)
    assert len(changed.node_component) == changed.node_count
    assert changed.arc_start[-1] == len(changed.arc_head) == (changed.edge_time_ms >= 0).sum()
    np.testing.assert_array_equal(np.diff(changed.edge_xy_start) >= 2, True)
    ends = np.array([line.coords[0] for line in changed.edge_geometry])
    tails = changed.node_xy_m[changed.edge_from]
    assert np.abs(ends - tails).max() < 0.02


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (BuildLink(LineString([(0, 0), (5, 5)])), "joins fewer than two places"),
        (OpenWall(0.0, 0.0), "no wall stands within 20 m"),
        (OpenGate(0.0, 0.0), "no closed gate lies within 20 m"),
        (CutLink(0.0, 0.0), "no street lies within 20 m"),
        (CloseGate("nobody"), "there is no gate 'nobody'"),
    ],
)
def test_a_change_that_touches_nothing_is_an_error_that_says_what_to_do(change, said):
    _, base = demo()
    with pytest.raises(InputError, match=said) as told:
        base.run([change])
    assert "Change 1 (" in str(told.value)


def test_warming_up_asks_one_question_of_each_sort_and_leaves_no_trace():
    _, base = demo()
    before = arrays_of(base)
    assert warm_up(base) >= 5
    assert_untouched(base, before)


def test_a_link_that_ends_on_a_street_but_for_the_last_digit_joins_it():
    _, base = demo()
    links = missing_links(base)
    assert len(links) > 20
    for line in links.line[:: len(links) // 20]:
        base.run([BuildLink(line)])
