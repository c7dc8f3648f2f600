"""The city dataset: reading, checking, coordinate systems, neighbourhoods."""

from spatial.city.from_place import city_from_place
from spatial.city.model import City, Raster
from spatial.city.read import read_city
from spatial.city.report import ImportReport, LayerReport, Note, Refusal, Repair
from spatial.city.write import write_city

__all__ = [
    "City",
    "ImportReport",
    "LayerReport",
    "Note",
    "Raster",
    "Refusal",
    "Repair",
    "city_from_place",
    "read_city",
    "write_city",
]
