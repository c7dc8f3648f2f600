"""The summary tells people without a facility from people of whom nothing is known."""

import numpy as np
import pandas as pd

from spatial.standards import read_profile
from spatial.summary import _hectares, _most_missed, _people
from spatial.summary_gaps import _median


def test_people_of_whom_the_data_cannot_tell_are_not_counted_as_without():
    row = {"area": "city", "layer": "c5", "persons": 100.0}
    coverage = pd.DataFrame(
        [
            {**row, "kind": "kindergarten", "persons_covered": 60.0, "persons_unknown": 30.0},
            {**row, "kind": "culture_station", "persons_covered": 0.0, "persons_unknown": 100.0},
        ]
    )
    missed = _most_missed(coverage, read_profile("national"))
    assert [(item["kind"], item["persons_without"]) for item in missed] == [("kindergarten", 10)]


def test_a_sum_of_nothing_known_is_unknown_not_zero():
    assert _people(pd.Series([pd.NA, pd.NA], dtype="Float64")) is None
    assert _people(pd.Series([1.6, pd.NA], dtype="Float64")) == 2
    assert _hectares(pd.Series([12_345.0])) == 1.23


def test_the_median_share_counts_heads_and_is_not_drawn_up_by_one_park():
    share, heads = np.array([500.0, 1.0, 2.0]), np.array([10.0, 400.0, 600.0])
    assert _median(share, heads) == 2.0
    assert _median(share[:0], heads[:0]) is None
