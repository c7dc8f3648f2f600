"""Folium maps for notebooks and files, readable without the internet, and plans on paper."""

from spatial.maps.city_map import city_map
from spatial.maps.layers import add_layer, blank_map
from spatial.maps.sheet import SheetText, write_plan_sheet
from spatial.maps.thresholds import threshold_figure

__all__ = [
    "SheetText",
    "add_layer",
    "blank_map",
    "city_map",
    "threshold_figure",
    "write_plan_sheet",
]
