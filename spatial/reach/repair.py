"""Labels of nodes kept right while facilities, arcs and points change; every change can be undone.

:func:`mend` repairs the labels of several kinds in one call and tells who stands near what it
wrote: what hung on something lost is cleared, reseeded from its border, and spread again together
with what was gained. Nothing is written down but what is touched.

The loops work in arrays that do not grow. A loop that is short of room stops, its arrays are made
wider, and it goes on where it was: an array that may be replaced within a loop costs numba four
times the work itself.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numba
import numpy as np

from spatial.reach.kernels import FAR, Array, Whole, part_key
from spatial.reach.live_network import AT, LOW, LiveArcs, LivePoints, groups_near

__all__ = ["Changed", "mend", "roll_back"]

CLEARED: Final = FAR + 1
"""Key of a node that has lost its own and not yet been reached again."""
BUCKETS: Final = 256
"""Of like keys, up to the limit: with 1,080 m each is 8 m wide."""
ROOM: Final = 4096

_jit: Any = numba.njit(cache=True, nogil=True)


class Changed(NamedTuple):
    """What a label may have hung on, or may now: seeds (owner at a node) and arcs."""

    seed_node: Array  # (s,) int64
    seed_key: Array  # (s,) int64
    seed_owner: Array  # (s,) int64
    arc_tail: Array  # (c,) int64
    arc_head: Array  # (c,) int64
    arc_key: Array  # (c,) int64


class Kind(NamedTuple):
    """Labels of one kind, and what decides between them."""

    label: Array  # (n,) int64
    owner: Array  # (n,) int32
    rank: Array  # (f,) float64
    alive: Array  # (f,) bool
    limit: Whole
    shift: Whole  # from a key to its bucket


class Journal(NamedTuple):
    """Writes: a node, and its label and owner before."""

    node: Array  # int32
    key: Array  # int64
    owner: Array  # int32


class Buckets(NamedTuple):
    """Lists of nodes: ``first[b]`` is the first entry of bucket b, -1 for none.

    An entry holds the one behind it, times 2³², and a node.
    """

    entry: Array  # int64
    first: Array  # (BUCKETS,) int32


A: Final = len(LiveArcs._fields)
B: Final = A + len(LivePoints._fields)
C: Final = B + len(Changed._fields)
D: Final = C + len(Changed._fields)
E: Final = D + 9
F: Final = E + len(LivePoints._fields)
G: Final = F + 3
H: Final = G + len(LivePoints._fields)
"""Places at which the arguments of :func:`mend` begin; they are too many to be named in its call,
and tuples of arrays would take longer to hand over than the work."""


@_jit
def _more(values: Array, room: Whole) -> Array:
    wide = np.empty(max(2 * len(values), room), dtype=values.dtype)
    wide[: len(values)] = values
    return wide


@_jit
def _longer(log: Journal, room: Whole) -> Journal:
    if room <= len(log.node):
        return log
    return Journal(_more(log.node, room), _more(log.key, room), _more(log.owner, room))


@_jit
def _lose(lost: Changed, counts: Array, kind: Kind, log: Journal, logged: Whole) -> Whole:
    """Clear the nodes that hung on something lost themselves."""
    label, owner = kind.label, kind.owner
    found = np.empty(len(lost.seed_node) + len(lost.arc_tail), dtype=np.int64)
    count = 0
    for i in range(len(lost.seed_node)):
        node = lost.seed_node[i]
        hung = label[node] == lost.seed_key[i] and owner[node] == lost.seed_owner[i]
        if hung and counts[i]:
            found[count] = node
            count += 1
    for i in range(len(lost.arc_tail)):  # the arcs, before any label is gone
        tail, head = lost.arc_tail[i], lost.arc_head[i]
        if label[head] >= FAR or owner[tail] != owner[head]:
            continue
        if label[tail] == lost.arc_key[i] + label[head]:
            found[count] = tail
            count += 1
    for i in range(count):
        node = found[i]
        if label[node] < FAR:
            log.node[logged], log.key[logged], log.owner[logged] = node, label[node], owner[node]
            logged += 1
            label[node] = CLEARED
            owner[node] = -1
    return logged


@_jit
def _clear(
    arcs: LiveArcs, kind: Kind, log: Journal, lost: Whole, done: Whole, logged: Whole
) -> tuple[Whole, Whole]:
    """Clear what hangs on nodes that were cleared, from row `done` of the journal on.

    Nothing hangs on a dead end that hung on its only neighbour: such are those from `lost` on.
    """
    span, arc, label, owner = arcs.span, arcs.arc, kind.label, kind.owner
    log_node, log_key, log_owner = log
    while done < logged:
        node, key, own = np.uint32(log_node[done]), log_key[done], log_owner[done]
        low, high = np.uint32(span[node, 0]), np.uint32(span[node, 1])
        if logged + np.int64(high - low) > len(log_node):
            break
        done += 1
        if done > lost and high - low == 1:
            continue
        for a in range(low, high):
            tail = np.uint32(arc[a, 1] >> AT)
            if owner[tail] != own or label[tail] != key + arc[a, 0] or arc[a, 0] & LOW == LOW:
                continue
            log_node[logged], log_key[logged], log_owner[logged] = tail, label[tail], own
            logged += 1
            label[tail] = CLEARED
            owner[tail] = -1
    return done, logged


@_jit
def _at_border(  # noqa: C901, PLR0912
    arcs: LiveArcs,
    kind: Kind,
    facilities: LivePoints,
    nodes: Array,
    lost: Whole,
) -> tuple[Array, Array, Array]:
    """Read cleared nodes again from what still stands around them: their node, key and owner.

    From `lost` on they hung on a neighbour that was cleared: a dead end has no other.
    """
    label, owner, rank, alive = kind.label, kind.owner, kind.rank, kind.alive
    span, arc = arcs.span, arcs.arc
    edge_from, edge_to, by_time = arcs.edge_from, arcs.edge_to, arcs.by_time
    lengths, times = arcs.edge_length_mm, arcs.edge_time_ms
    near_start, near, meets = facilities.near_start, facilities.near, facilities.meets
    extra, goal_edge = facilities.extra, facilities.edge
    goal_offset, goal_entry = facilities.offset_mm, facilities.entry_key
    border_node = np.empty(len(nodes), dtype=np.int64)
    border_key = np.empty(len(nodes), dtype=np.int64)
    border_owner = np.empty(len(nodes), dtype=np.int64)
    count = 0
    for i in range(len(nodes)):
        best = np.int64(FAR)
        own = np.int64(-1)
        node = np.uint32(nodes[i])
        first, after = np.uint32(span[node, 0]), np.uint32(span[node, 1])
        if i >= lost and after - first == 1:
            after = first
        for a in range(first, after):
            head = np.uint32(arc[a, 1] >> AT)
            ms = arc[a, 1] & LOW
            if label[head] < FAR and ms != LOW:
                key = ((arc[a, 0] >> AT) << AT) + ms + label[head]
                if key < best or (key == best and rank[owner[head]] < rank[own]):
                    best = key
                    own = np.int64(owner[head])
        low, high = np.int64(0), np.int64(0)
        if meets[node]:
            low, high = np.int64(near_start[node]), np.int64(near_start[node + 1])
        for j in range(low, high + len(extra)):
            f = np.int64(near[j]) if j < high else extra[j - high]
            e = np.int64(goal_edge[f])
            if e < 0 or not alive[f]:
                continue
            for end in range(2):
                if (edge_from[e] if end == 0 else edge_to[e]) != node:
                    continue
                length = np.int64(lengths[e])
                part_mm = np.int64(goal_offset[f])
                if end == 1:
                    part_mm = length - part_mm
                part = part_key(np.int64(times[e, end]), length, part_mm, by_time)
                if part >= FAR:
                    continue
                key = part + goal_entry[f]
                if key < best or (key == best and rank[f] < rank[own]):
                    best = key
                    own = f
        if best < FAR:
            border_node[count], border_key[count], border_owner[count] = node, best, own
            count += 1
    return border_node[:count], border_key[:count], border_owner[:count]


@_jit
def _sow(
    seeds: tuple[Array, Array, Array],
    counts: Array,
    kind: Kind,
    log: Journal,
    buckets: Buckets,
    logged: Whole,
    laid: Whole,
) -> tuple[Whole, Whole]:
    """Label nodes from which labels spread, where that is nearer, and lay them into buckets."""
    label, owner, rank = kind.label, kind.owner, kind.rank
    for i in range(len(seeds[0])):
        at, best, own = np.int64(seeds[0][i]), seeds[1][i], seeds[2][i]
        if not counts[i] or best > kind.limit or best > label[at]:
            continue
        if best == label[at] and rank[own] >= rank[owner[at]]:
            continue
        if label[at] != CLEARED:
            log.node[logged], log.key[logged], log.owner[logged] = at, label[at], owner[at]
            logged += 1
        label[at] = best
        owner[at] = own
        bucket = best >> kind.shift
        buckets.entry[laid] = (np.int64(buckets.first[bucket]) << AT) | at
        buckets.first[bucket] = laid
        laid += 1
    return logged, laid


@_jit
def _spread(
    arcs: LiveArcs,
    kind: Kind,
    log: Journal,
    buckets: Buckets,
    bucket: Whole,
    logged: Whole,
    laid: Whole,
) -> tuple[Whole, Whole, Whole]:
    """Spread labels bucket by bucket until none is left, or an array is full.

    A node goes into another bucket when it is reached by a shorter walk; the entry that it leaves
    behind is passed over. A dead end that is reached from its only neighbour leads nowhere, and
    is not laid into a bucket.
    """
    span, arc = arcs.span, arcs.arc
    label, owner, rank, _, limit, shift = kind
    log_node, log_key, log_owner = log
    entry, first = buckets
    while bucket < BUCKETS:
        at = np.int64(first[bucket])
        if at < 0:
            bucket += 1
            continue
        node = np.uint32(entry[at] & 0xFFFFFFFF)
        low, high = np.uint32(span[node, 0]), np.uint32(span[node, 1])
        more = np.int64(high - low)
        if logged + more > len(log_node) or laid + more > len(entry):
            break
        first[bucket] = entry[at] >> AT
        key = label[node]
        if key >> shift != bucket:
            continue
        own = owner[node]
        for a in range(low, high):
            tail = np.uint32(arc[a, 1] >> AT)
            reached, was = key + arc[a, 0], label[tail]
            if reached > limit or reached > was or arc[a, 0] & LOW == LOW:
                continue
            if reached == was and rank[own] >= rank[owner[tail]]:
                continue
            if was != CLEARED:
                log_node[logged], log_key[logged], log_owner[logged] = tail, was, owner[tail]
                logged += 1
            label[tail] = reached
            owner[tail] = own
            if span[tail, 1] - span[tail, 0] == 1:
                continue
            entry[laid] = (np.int64(first[reached >> shift]) << AT) | np.int64(tail)
            first[reached >> shift] = laid
            laid += 1
    return bucket, logged, laid


@_jit
def _mend_kind(
    arcs: LiveArcs,
    facilities: LivePoints,
    kind: Kind,
    changed: tuple[Changed, Changed],
    counts: tuple[Array, Array],
    log: Journal,
    buckets: Buckets,
    begun: Whole,
) -> tuple[Journal, Buckets, Whole]:
    """Mend the labels of one kind; its journal begins at row `begun`."""
    lost, gained = changed
    label, owner = kind.label, kind.owner
    log = _longer(log, begun + len(lost.seed_node) + len(lost.arc_tail))
    logged = _lose(lost, counts[0], kind, log, begun)
    hung, done = logged, begun
    while done < logged:
        done, logged = _clear(arcs, kind, log, hung, done, logged)
        if done < logged:
            log = _longer(log, 2 * logged + ROOM)
    cleared = logged
    border = _at_border(arcs, kind, facilities, log.node[begun:cleared], hung - begun)
    seeds, ways = len(gained.seed_node), len(gained.arc_tail)
    log = _longer(log, logged + seeds + ways)
    if len(border[0]) + seeds + ways > len(buckets.entry):
        room = len(border[0]) + seeds + ways
        buckets = Buckets(_more(buckets.entry, room), buckets.first)
    sown = gained.seed_node, gained.seed_key, gained.seed_owner
    all_count = np.ones(max(len(border[0]), ways), dtype=np.bool_)
    logged, laid = _sow(border, all_count, kind, log, buckets, logged, np.int64(0))
    logged, laid = _sow(sown, counts[1], kind, log, buckets, logged, laid)
    handed_key = np.full(ways, FAR, dtype=np.int64)
    handed_owner = np.full(ways, -1, dtype=np.int64)
    for i in range(ways):
        head = gained.arc_head[i]
        if label[head] < FAR:
            handed_key[i] = gained.arc_key[i] + label[head]
            handed_owner[i] = owner[head]
    handed = gained.arc_tail, handed_key, handed_owner
    logged, laid = _sow(handed, all_count, kind, log, buckets, logged, laid)
    bucket = np.int64(0)
    while bucket < BUCKETS:
        bucket, logged, laid = _spread(arcs, kind, log, buckets, bucket, logged, laid)
        if bucket < BUCKETS:
            log = _longer(log, 2 * logged + ROOM)
            buckets = Buckets(_more(buckets.entry, laid + ROOM), buckets.first)
    for i in range(begun, cleared):
        if label[log.node[i]] == CLEARED:
            label[log.node[i]] = FAR
    return log, buckets, logged


@_jit
def _counting(changed: Changed, kind: Whole, alive: Array, closed: tuple[Array, Array]) -> Array:
    """Tell which seeds count: those of entrances that are, or have just been, of a kind."""
    counts = np.empty(len(changed.seed_owner), dtype=np.bool_)
    for i in range(len(counts)):
        own = changed.seed_owner[i]
        counts[i] = alive[own]
        for j in range(len(closed[0])):
            counts[i] |= closed[0][j] == kind and closed[1][j] == own
    return counts


@_jit
def _joined(values: Array, size: Whole, more: Array) -> Array:
    """Write some values behind the first `size` of others."""
    if size + len(more) > len(values):
        values = _more(values, size + len(more))
    values[size : size + len(more)] = more
    return values


@_jit
def mend(*flat: Any) -> tuple[Array, ...]:
    """Mend the labels of several kinds; say what was written and who stands near it.

    Parameters
    ----------
    *flat
        One after the other (a tuple of arrays would take longer to hand over than the work):

        - :class:`LiveArcs`, as they are now;
        - :class:`LivePoints` of facilities, as they stand now;
        - :class:`Changed` twice: what is lost and what is gained. What changed is both. A seed
          counts in the kinds that its owner is of;
        - ``closed_kind``, ``closed_row`` : array of int64. Entrances no longer of a kind: their
          lost seeds count in it as well;
        - ``label``, ``owner`` : shape (k, n). Right before the change; changed in place;
        - ``rank`` : array of float64, shape (f,). Which owner goes first among equals;
        - ``alive`` : array of bool, shape (k, f). Which entrances are of which kind now;
        - ``kinds`` : array of int64. Those that are mended;
        - ``limit`` : int. Largest key that counts;
        - ``edges`` : array of int64. Changed edges, whose points are touched in any case;
        - for gates, then for homes: :class:`LivePoints`, ``group`` of each, ``mark`` (last epoch
          at which a group was found) and ``found`` (room for all groups);
        - ``epoch`` : int. One that no mark holds; as many as there are kinds are used.

    Returns
    -------
    (log_start, log_node, log_key, log_owner, place_start, place, home_start, home)
        Journal of kind ``kinds[i]``: rows ``log_start[i]:log_start[i + 1]``, each a node with its
        label and owner before a write. Groups touched, each once, likewise.

    Notes
    -----
    Labels hang on one another by tight arcs: key(w) = key(w → u) + key(u), of one owner. All that
    hangs on something lost is cleared, so nothing wrong remains; what is read again from the
    border is a walk that exists; the spread takes nodes out of buckets of like keys, and again
    where a shorter walk turns up within a bucket. After G. Ramalingam, T. Reps (1996), Journal of
    Algorithms 21, 267-305, with whole cells in place of counts, and U. Meyer, P. Sanders (2003),
    Journal of Algorithms 49, 114-152.

    A cleared node is ``CLEARED`` until it is reached: what it was is in the journal already.
    """
    arcs, facilities = LiveArcs(*flat[:A]), LivePoints(*flat[A:B])
    changed = Changed(*flat[B:C]), Changed(*flat[C:D])
    closed_kind, closed_row, label, owner, rank, alive, kinds, limit, edges = flat[D:E]
    gates, homes = LivePoints(*flat[E:F]), LivePoints(*flat[G:H])
    gate_group, gate_mark, gate_found = flat[F:G]
    home_group, home_mark, home_found, epoch = flat[H:]
    shift = np.int64(0)
    while limit >> shift >= BUCKETS:
        shift += 1
    log = Journal(
        np.empty(ROOM, dtype=np.int32),
        np.empty(ROOM, dtype=np.int64),
        np.empty(ROOM, dtype=np.int32),
    )
    buckets = Buckets(np.empty(ROOM, dtype=np.int64), np.full(BUCKETS, -1, dtype=np.int32))
    place, home = np.empty(ROOM, dtype=np.int64), np.empty(ROOM, dtype=np.int64)
    start = np.zeros((3, len(kinds) + 1), dtype=np.int64)
    none = closed_kind[:0], closed_row[:0]
    for i in range(len(kinds)):
        kind, living = kinds[i], alive[kinds[i]]
        counts = (
            _counting(changed[0], kind, living, (closed_kind, closed_row)),
            _counting(changed[1], kind, living, none),
        )
        these = Kind(label[kind], owner[kind], rank, living, limit, shift)
        begun, places, buildings = start[0, i], start[1, i], start[2, i]
        log, buckets, logged = _mend_kind(
            arcs, facilities, these, changed, counts, log, buckets, begun
        )
        nodes = log.node[begun:logged]
        met = groups_near(nodes, edges, gates, gate_group, gate_mark, epoch + i, gate_found)
        place = _joined(place, places, gate_found[:met])
        start[0, i + 1], start[1, i + 1] = logged, places + met
        met = groups_near(nodes, edges, homes, home_group, home_mark, epoch + i, home_found)
        home = _joined(home, buildings, home_found[:met])
        start[2, i + 1] = buildings + met
    size = start[0, -1]
    log = Journal(log.node[:size], log.key[:size], log.owner[:size])
    place, home = place[: start[1, -1]], home[: start[2, -1]]
    return start[0], log.node, log.key, log.owner, start[1], place, start[2], home


@_jit
def roll_back(
    labels: Array,
    owners: Array,
    kinds: Array,
    log_start: Array,
    log_node: Array,
    log_key: Array,
    log_owner: Array,
) -> None:
    """Undo the writes of :func:`mend`, the last one first."""
    for k in range(len(kinds) - 1, -1, -1):
        label, owner = labels[kinds[k]], owners[kinds[k]]
        for i in range(log_start[k + 1] - 1, log_start[k] - 1, -1):
            label[log_node[i]] = log_key[i]
            owner[log_node[i]] = log_owner[i]
