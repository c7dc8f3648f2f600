"""Neighbourhoods: parcels, gap-free cells, gates, population, delineation."""

from spatial.city.neighbourhoods.cells import coverage_cells, exclusive_parcels
from spatial.city.neighbourhoods.gates import neighbourhood_gates
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.city.neighbourhoods.outlines import outlines
from spatial.city.neighbourhoods.prepare import prepare_neighbourhoods

__all__ = [
    "Neighbourhoods",
    "coverage_cells",
    "exclusive_parcels",
    "neighbourhood_gates",
    "outlines",
    "prepare_neighbourhoods",
]
