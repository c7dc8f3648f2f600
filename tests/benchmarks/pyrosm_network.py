"""Nodes and edges of a walking network with pyrosm; runs in the peers' environment."""

import json
import resource
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
import pyrosm  # noqa: E402

path = bytes(np.load(sys.argv[1])["path"]).decode()


def read():
    return pyrosm.OSM(path).get_network(network_type="walking", nodes=True)


read()
spent = []
for _ in range(3):
    cpu, wall = time.process_time(), time.perf_counter()
    nodes, edges = read()
    spent.append((time.process_time() - cpu, time.perf_counter() - wall))
cpu, wall = sorted(spent)[1]
np.savez(sys.argv[2], length_m=float(edges["length"].sum()))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mib": peak}))
