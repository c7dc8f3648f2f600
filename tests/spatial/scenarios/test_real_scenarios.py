"""A real neighbourhood of Beijing: what-if is exact there too."""

import numpy as np
import pytest
from changed import assert_exact
from test_facilities import some_changes
from test_network_changes import possible

from spatial.analysis import AnalysisParameters, analyse
from spatial.city import read_city
from spatial.scenarios import ScenarioBase
from spatial.standards import read_profile


@pytest.mark.real
@pytest.mark.slow
def test_scenarios_of_wudaokou_equal_the_district_computed_again(shared_data):
    city = read_city([shared_data / "wudaokou" / "wudaokou.osm"])
    parameters = AnalysisParameters(year=2026)
    analysis = analyse(city, read_profile("national"), parameters=parameters)
    base = ScenarioBase.from_analysis(analysis)
    assert_exact(base, analysis, [])
    for seed in range(2):
        rng = np.random.default_rng(seed)
        changes = [*some_changes(base, rng, 3), *possible(base, rng, 3)]
        assert_exact(base, analysis, changes)
