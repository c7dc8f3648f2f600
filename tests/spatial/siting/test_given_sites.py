"""What all location models ask of the sites that a caller names."""

import numpy as np
import pytest

from spatial.errors import InputError
from spatial.siting import Pairs, capacitated_p_median, max_cover, p_centre, p_median
from spatial.siting.given_sites import unit_of

COST = np.ones((2, 3))


@pytest.mark.parametrize("p", [1.5, float("nan"), float("inf"), -1])
def test_a_number_of_sites_is_whole(p):
    with pytest.raises(InputError, match="it counts sites"):
        p_median(COST, None, p)
    with pytest.raises(InputError, match="it counts sites"):
        p_centre(COST, p)
    with pytest.raises(InputError, match="it counts sites"):
        max_cover(Pairs.from_matrix(COST), [1, 1], p)
    with pytest.raises(InputError, match="it counts sites"):
        capacitated_p_median(COST, [1, 1], [5, 5, 5], p)


def test_a_unit_changes_no_digit():
    amounts = np.array([1.1e-9, 3.3e-9, 0.0])
    unit = unit_of(amounts)
    assert (amounts / unit * unit == amounts).all()
    assert 1 <= amounts.max() / unit < 2
