"""Make the golden file of access to capacity with the PySAL package `access`.

Run it with an interpreter that has `access` 1.1.10: ``python scripts/make_access_golden.py``. It
draws small worlds and writes their travel tables and what `access` says of them to
``tests/golden/access.json``.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from access import fca, weights

OUT = Path(__file__).resolve().parents[1] / "tests" / "golden" / "access.json"
ZONES = {200: 1.0, 400: 0.6, 800: 0.2}
LIMIT, WIDTH = 600.0, 300.0
SCALE, POWER, NEAREST = 50.0, -1.5, 50.0
WORLDS = 6


def world(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Draw demands, supplies and the distances between some of them."""
    rng = np.random.default_rng(seed)
    demands, supplies = int(rng.integers(5, 30)), int(rng.integers(2, 9))
    met = rng.random((demands, supplies)) < 0.6
    met[np.arange(demands), rng.integers(0, supplies, demands)] = True  # everyone reaches one
    met[rng.integers(0, demands, supplies), np.arange(supplies)] = True
    rows, columns = np.nonzero(met)
    cost = rng.integers(1, 600, len(rows)).astype(float)
    return (
        pd.DataFrame({"origin": rows, "dest": columns, "cost": cost}),
        pd.DataFrame({"geoid": range(demands), "demand": rng.integers(1, 900, demands)}),
        pd.DataFrame({"geoid": range(supplies), "supply": rng.integers(1, 90, supplies)}),
    )


def answers(
    travel: pd.DataFrame, demand: pd.DataFrame, supply: pd.DataFrame
) -> dict[str, list[float]]:
    """Ask the package by every method."""
    demand = demand.set_index("geoid", drop=False).rename_axis("id")
    supply = supply.set_index("geoid", drop=False).rename_axis("id")
    zones = weights.step_fn(ZONES)
    functions = {
        "two_step": (fca.two_stage_fca, None),
        "enhanced_two_step": (fca.two_stage_fca, zones),
        "gaussian": (fca.two_stage_fca, weights.gaussian(WIDTH)),
        "gravity": (fca.two_stage_fca, weights.gravity(SCALE, POWER, NEAREST)),
        "three_step": (fca.three_stage_fca, zones),
    }
    found = {}
    for name, (function, weight) in functions.items():
        given = {"weight_fn": weight} if weight else {}
        access = function(demand, supply, travel.copy(), max_cost=LIMIT, **given)
        found[name] = access.reindex(demand.index).fillna(0.0).tolist()
    return found


def main() -> None:
    """Write the golden file."""
    worlds = []
    for seed in range(WORLDS):
        travel, demand, supply = world(seed)
        worlds.append(
            {
                "travel": travel.to_numpy().tolist(),
                "demand": demand["demand"].tolist(),
                "supply": supply["supply"].tolist(),
                "access": answers(travel, demand, supply),
            }
        )
    made = {"zones": list(ZONES.items()), "limit": LIMIT, "width": WIDTH, "worlds": worlds}
    made["gravity"] = {"exponent": -POWER, "nearest": NEAREST}
    OUT.write_text(json.dumps(made) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
