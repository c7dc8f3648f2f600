"""Nearest place of each kind with pandana; runs in the peers' environment, on arrays."""

import json
import resource
import sys
import time

import numpy as np
import pandana
import pandas as pd

given = np.load(sys.argv[1])
count = int(given["nodes"])
# Places are told apart by their coordinates, so every node gets some of its own.
x, y = pd.Series(np.arange(count, dtype=float)), pd.Series(np.zeros(count))
# A quarter of a millimetre more, because pandana cuts off what is below one.
metres = (given["mm"] + 0.25) / 1000.0
limit_m = float(given["limit_mm"]) / 1000.0
network = pandana.Network(
    x, y, pd.Series(given["tail"]), pd.Series(given["head"]),
    pd.DataFrame({"m": metres}), twoway=False,
)  # fmt: skip


def search():
    found = []
    for kind in range(len(given["start"]) - 1):
        nodes = given["node"][given["start"][kind] : given["start"][kind + 1]]
        spots = pd.Series(nodes.astype(float)), pd.Series(np.zeros(len(nodes)))
        network.set_pois(str(kind), limit_m + 1.0, 1, *spots)
        table = network.nearest_pois(limit_m + 1.0, str(kind), 1, include_poi_ids=True)
        found.append(table[1].to_numpy())
    return found


cpu, wall = time.process_time(), time.perf_counter()
answers = search()
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
mm = np.rint(np.column_stack(answers) * 1000.0).astype(np.int64)
mm[mm > int(given["limit_mm"])] = -1
np.savez(sys.argv[2], mm=mm)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mib": peak}))
