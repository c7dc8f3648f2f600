"""Sums, reached sets and 2SFCA with pandana; runs in the peers' environment, on arrays."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandana
import pandas as pd


def resident_mib():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


given = np.load(sys.argv[1])
count, work = int(given["nodes"]), str(given["work"])
# A quarter of a millimetre more, because pandana cuts off what is below one.
metres = (given["mm"] + 0.25) / 1000.0
limit_m = float(given["limit_mm"]) / 1000.0
network = pandana.Network(
    pd.Series(np.arange(count, dtype=float)), pd.Series(np.zeros(count)),
    pd.Series(given["tail"]), pd.Series(given["head"]),
    pd.DataFrame({"m": metres}), twoway=False,
)  # fmt: skip
nodes = pd.Series(np.arange(count))
network.set(nodes, variable=pd.Series(given["weight"]), name="weight")
before = resident_mib()
if work == "again":
    network.precompute(limit_m)


def sums():
    return network.aggregate(limit_m, type="sum", decay="flat", name="weight").to_numpy()


def reached():
    found = network.nodes_in_range(given["sources"].tolist(), limit_m)
    counts = found.groupby("source").size().reindex(given["sources"])
    return counts.to_numpy().astype(float)


def two_step():
    load = network.aggregate(limit_m, type="sum", decay="flat", name="weight").to_numpy()
    ratio = given["seats"] / load[given["sources"]]
    network.set(pd.Series(given["sources"]), variable=pd.Series(ratio), name="ratio")
    return network.aggregate(limit_m, type="sum", decay="flat", name="ratio").to_numpy()


run = {"sums": sums, "again": sums, "reached": reached, "2sfca": two_step}[work]
if work == "again":
    run()
taken = []
for _ in range(3):
    cpu, wall = time.process_time(), time.perf_counter()
    answer = run()
    taken.append((time.process_time() - cpu, time.perf_counter() - wall))
np.savez(sys.argv[2], answer=answer)
cpu, wall = sorted(taken)[1]
print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mib": resident_mib() - before}))
