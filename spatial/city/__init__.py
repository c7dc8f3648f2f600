"""The city dataset: reading, checking, coordinate systems, neighbourhoods."""

from spatial.city.model import City, Raster
from spatial.city.read import read_city
from spatial.city.report import ImportReport, LayerReport, Note, Refusal, Repair

__all__ = [
    "City",
    "ImportReport",
    "LayerReport",
    "Note",
    "Raster",
    "Refusal",
    "Repair",
    "read_city",
]
