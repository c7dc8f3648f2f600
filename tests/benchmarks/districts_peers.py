"""Peers that make regions, run in their own interpreter: ``script inputs.npz outputs.npz``.

Inputs: ``method``, ``links`` (m, 2), ``values`` (n, K), ``amounts`` (n,), ``k``, ``at_least``,
``seed``, ``limit_s`` (CPU). Output: ``label`` (n,). A peer that runs too long is ended by the
system; one that crashes takes only this process with it.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np

POLICIES = ("single", "multiple", "keep", "drop")
"""What max-p of spopt does with islands."""


def main() -> None:
    warnings.filterwarnings("ignore")
    given = dict(np.load(sys.argv[1]))
    method = str(given["method"])
    limit_s = int(given["limit_s"])
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
    maker, name = method.split(" ", 1)
    makers = {
        "pygeoda": pygeoda_method,
        "spopt": spopt_method,
        "sklearn": sklearn_method,
        "gerrychain": gerrychain_method,
    }
    work = makers[maker](name, given)
    start, wall = time.process_time(), time.perf_counter()
    label = work()
    cpu_s, wall_s = time.process_time() - start, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.savez(sys.argv[2], label=np.asarray(label, dtype=np.int64))
    print(json.dumps({"cpu_s": cpu_s, "wall_s": wall_s, "peak_mib": peak}))


def neighbours(given: dict) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {i: [] for i in range(len(given["values"]))}
    for a, b in given["links"].tolist():
        found[a].append(b)
        found[b].append(a)
    return found


def pygeoda_method(name: str, given: dict):
    import pygeoda

    lists = neighbours(given)
    lines = [f"0 {len(lists)} units id"]
    for i, near in lists.items():
        lines += [f"{i} {len(near)}", " ".join(map(str, near))]
    gal = Path(tempfile.mkdtemp()) / "links.gal"
    gal.write_text("\n".join(lines) + "\n")
    weights = pygeoda.read_gal(str(gal), [str(i) for i in lists])
    data = [column.tolist() for column in given["values"].T]
    k, seed = int(given["k"]), int(given["seed"])
    more = {"scale_method": "raw", "random_seed": 123456789 + seed}
    plain = {"scale_method": "raw"}
    bound = {}
    if float(given["at_least"]) > 0:
        bound = {"bound_variable": given["amounts"].tolist(), "min_bound": float(given["at_least"])}
    amounts, least = given["amounts"].tolist(), float(given["at_least"])
    calls = {
        "skater": lambda: pygeoda.skater(k, weights, data, **more, **bound),
        "redcap": lambda: pygeoda.redcap(
            k, weights, data, "fullorder-wardlinkage", **more, **bound
        ),
        "redcap single": lambda: pygeoda.redcap(
            k, weights, data, "firstorder-singlelinkage", **more, **bound
        ),
        "redcap average": lambda: pygeoda.redcap(
            k, weights, data, "fullorder-averagelinkage", **more, **bound
        ),
        "schc": lambda: pygeoda.schc(k, weights, data, "ward", **plain, **bound),
        "azp greedy": lambda: pygeoda.azp_greedy(k, weights, data, **more),
        "azp sa": lambda: pygeoda.azp_sa(k, weights, data, cooling_rate=0.85, **more),
        "azp sa 20": lambda: pygeoda.azp_sa(
            k, weights, data, cooling_rate=0.85, sa_maxit=20, **more
        ),
        "azp tabu": lambda: pygeoda.azp_tabu(
            k, weights, data, tabu_length=10, conv_tabu=10, **more
        ),
        "maxp greedy": lambda: pygeoda.maxp_greedy(
            weights, data, amounts, least, iterations=99, **more
        ),
        "maxp sa": lambda: pygeoda.maxp_sa(
            weights, data, amounts, least, cooling_rate=0.85, iterations=99, **more
        ),
        "maxp tabu": lambda: pygeoda.maxp_tabu(
            weights, data, amounts, least, tabu_length=10, conv_tabu=10, iterations=99, **more
        ),
    }
    return lambda: np.asarray(calls[name]()["Clusters"])


def spopt_method(name: str, given: dict):
    import geopandas as gpd
    import libpysal
    from spopt import region

    values = given["values"]
    columns = [f"v{i}" for i in range(values.shape[1])]
    frame = gpd.GeoDataFrame(
        dict(zip(columns, values.T, strict=True)),
        geometry=gpd.points_from_xy(*given["xy_m"].T),
    )
    frame["amount"], frame["one"] = given["amounts"], 1
    weights = libpysal.weights.W(neighbours(given), silence_warnings=True)
    k, seed = int(given["k"]), int(given["seed"])
    np.random.seed(seed)  # noqa: NPY002 - spopt draws from the global generator

    def maxp(policy: str):
        return region.MaxPHeuristic(
            frame, weights, columns, "amount", float(given["at_least"]), top_n=2,
            max_iterations_construction=99, max_iterations_sa=2, policy=policy,
        )  # fmt: skip

    models = {
        "ward": lambda: region.WardSpatial(frame, weights, columns, n_clusters=k),
        "skater": lambda: region.Skater(
            frame, weights, columns, n_clusters=k, floor=1, islands="ignore"
        ),
        "azp": lambda: region.AZP(frame, weights, columns, n_clusters=k, random_state=seed),
        "kmeans": lambda: region.RegionKMeansHeuristic(values, k, weights),
        "spenc": lambda: region.Spenc(
            frame, weights, columns, n_clusters=k, random_state=seed, gamma=1
        ),
        "skater increase": lambda: region.Skater(
            frame, weights, columns, n_clusters=k, floor=1, islands="increase"
        ),
        "maxp": lambda: maxp("single"),
        **{f"maxp {policy}": partial(maxp, policy) for policy in POLICIES},
    }

    def run():
        model = models[name]()
        model.solve()
        return np.asarray(model.labels_)

    return run


def sklearn_method(name: str, given: dict):
    from scipy.sparse import coo_array
    from sklearn.cluster import AgglomerativeClustering

    if name != "ward":
        raise KeyError(name)
    links, values = given["links"], given["values"]
    ends = np.vstack([links, links[:, ::-1]]).T
    linked = coo_array((np.ones(ends.shape[1]), ends), shape=(len(values),) * 2).tocsr()
    model = AgglomerativeClustering(n_clusters=int(given["k"]), connectivity=linked, linkage="ward")
    return lambda: model.fit_predict(values)


def gerrychain_method(name: str, given: dict):
    """Short bursts of ReCom that seek a small sum of squares in districts of ±60 % population."""
    import random

    import gerrychain as gc
    import networkx as nx
    from gerrychain.optimization import SingleMetricOptimizer

    graph = nx.Graph()
    for i, amount in enumerate(given["amounts"].tolist()):
        graph.add_node(i, pop=amount)
    graph.add_edges_from(given["links"].tolist())
    plain = gc.Graph.from_networkx(graph)
    values, k = given["values"], int(given["k"])
    steps = int(name.rsplit(" ", 1)[1])
    if name.startswith("flips"):
        return _flips(gc, plain, given, steps)
    random.seed(int(given["seed"]))

    def within(partition) -> float:
        total = 0.0
        for members in partition.parts.values():
            inside = values[list(members)]
            total += float(np.square(inside - inside.mean(axis=0)).sum())
        return total

    def run():
        mean = given["amounts"].sum() / k
        first = gc.tree.recursive_tree_part(
            plain, range(k), mean, "pop", 0.6, node_repeats=1,
        )  # fmt: skip
        start = gc.Partition(
            plain,
            assignment=first,
            updaters={"pop": gc.updaters.Tally("pop", alias="pop"), "within": within},
        )
        chain = SingleMetricOptimizer(
            proposal=partial(
                gc.proposals.recom, pop_col="pop", pop_target=mean, epsilon=0.6, node_repeats=1
            ),
            constraints=gc.constraints.within_percent_of_ideal_population(start, 0.6, "pop"),
            initial_state=start,
            optimization_metric=within,
            maximize=False,
        )
        for _ in chain.short_bursts(10, steps // 10):
            pass
        return np.array([chain.best_part.assignment[i] for i in range(len(values))])

    return run


def _flips(gc, graph, given: dict, steps: int):
    """Single moves, one after another, with what a plan needs kept up; answers the last plan."""
    partition = gc.Partition(
        graph,
        assignment=dict(enumerate(given["label"].tolist())),
        updaters={"pop": gc.updaters.Tally("pop"), "cut_edges": gc.updaters.cut_edges},
    )
    moves = list(zip(given["atoms"].tolist(), given["to"].tolist(), strict=True))[:steps]

    def run():
        for atom, to in moves:
            moved = partition.flip({atom: partition.assignment[to]})
            _ = moved["pop"], moved["cut_edges"]
            gc.constraints.contiguous(moved)
        return given["label"]

    return run


if __name__ == "__main__":
    main()
