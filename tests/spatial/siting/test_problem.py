"""A siting problem is checked once, and says which row is wrong."""

import numpy as np
import pandas as pd
import pytest

from spatial.errors import InputError
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import KindLimit, SitingRules, SitingWeights

OPTIONS = pd.DataFrame(
    {"asset": ["a", "b"], "kind": ["clinic", "park"], "cost_yuan": [1e5, 2e5]}, index=["o", "q"]
)
DEMAND = pd.DataFrame({"kind": ["clinic", "park"], "persons": [10.0, 20.0]}, index=["d", "e"])
ASSETS = pd.DataFrame({"floor_m2": [100.0, 100.0]}, index=["a", "b"])
REACH = pd.DataFrame({"option": ["o", "q"], "demand": ["d", "e"]})


def made(assets=ASSETS, options=OPTIONS, demand=DEMAND, reach=REACH, **rules):
    return SitingProblem.from_frames(assets, options, demand, reach, rules=SitingRules(**rules))


def test_pairs_are_the_same_as_lines_and_as_arrays_in_any_order():
    lines = made(reach=pd.concat([REACH.iloc[::-1], REACH]))
    arrays = made(reach=(np.array([0, 1, 2]), np.array([0, 1])))
    assert lines.start.tolist() == arrays.start.tolist() == [0, 1, 2]
    assert lines.row.tolist() == arrays.row.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reach": pd.DataFrame({"option": ["o"], "demand": ["e"]})}, "'o' is clinic, but reaches"),
        ({"reach": pd.DataFrame({"option": ["o"], "demand": ["x"]})}, r"row 0: \['o', 'x'\]"),
        ({"options": OPTIONS.assign(asset=["a", "c"])}, "row 'q': the asset 'c'"),
        ({"options": OPTIONS.assign(cost_yuan=[1.0, np.nan])}, "`options.cost_yuan`, row 'q'"),
        ({"options": OPTIONS.assign(floor_m2=[50.0, 150.0])}, "needs 150 m², its asset has 100"),
        ({"demand": DEMAND.assign(persons=[-1.0, 2.0])}, "`demand.persons`, row 'd'"),
        ({"demand": pd.concat([DEMAND, DEMAND])}, "the id 'd' is there twice"),
        ({"assets": ASSETS.rename(index={"b": "o"})}, "is the id of an asset and of an option"),
        ({"budget_yuan": (-1.0,)}, "give each year's money"),
        ({"must": ("nowhere",)}, "`must` names 'nowhere'"),
        ({"spacing_m": {"clinic": 100.0}}, "has no x_m, y_m"),
        ({"spacing_m": {"clinic": np.nan}}, "`spacing_m` of clinic is nan"),
        ({"least_share": {"clinic": 1.5}}, "`least_share` of clinic is 1.5"),
        ({"least_share": {"clinic": np.nan}}, "`least_share` of clinic is nan"),
        ({"limits": (KindLimit("clinic", at_most=-1),)}, "`limits` of clinic"),
        ({"order": ("people", "beauty")}, "names 'beauty'"),
        ({"order": ("waiting", "people")}, "can only come after `people`"),
        (
            {
                "budget_yuan": (1.0, 1.0, 1.0),
                "weights": SitingWeights(waiting_per_person_year=0.6),
            },
            "Use at most 0.5",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_row_in_both_languages(change, words):
    with pytest.raises(InputError, match=words) as caught:
        made(**change)
    assert caught.value.message_zh != str(caught.value)
