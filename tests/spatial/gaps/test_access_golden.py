"""The same figures as the PySAL package `access`; scripts/make_access_golden.py made the file."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatial.gaps import enhanced_two_step, gravity_access, three_step, two_step
from spatial.reach.decays import gaussian, inverse_power, steps

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "access.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("number", range(len(GOLDEN["worlds"])))
def test_every_method_gives_what_the_package_access_gives_on_the_same_distances(number):
    world = GOLDEN["worlds"][number]
    travel = pd.DataFrame(world["travel"], columns=["demand_id", "supply_id", "distance_m"])
    travel = travel.astype({"demand_id": int, "supply_id": int})
    demand, supply = pd.Series(world["demand"]), pd.Series(world["supply"])
    limits, weights = zip(*GOLDEN["zones"], strict=True)
    zones = steps(limits, weights)
    power = inverse_power(GOLDEN["gravity"]["exponent"], nearest=GOLDEN["gravity"]["nearest"])
    found = {
        "two_step": two_step(travel, demand, supply, limit=GOLDEN["limit"]),
        "enhanced_two_step": enhanced_two_step(travel, demand, supply, decay=zones),
        "gaussian": enhanced_two_step(travel, demand, supply, decay=gaussian(GOLDEN["width"])),
        "gravity": gravity_access(travel, demand, supply, decay=power),
        "three_step": three_step(travel, demand, supply, decay=zones),
    }
    assert set(found) == set(world["access"])
    for name, answer in found.items():
        np.testing.assert_allclose(answer.access, world["access"][name], rtol=1e-12, err_msg=name)
