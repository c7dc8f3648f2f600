"""Folium maps for notebooks and files, readable without the internet."""

from spatial.maps.city_map import city_map
from spatial.maps.layers import add_layer, blank_map

__all__ = ["add_layer", "blank_map", "city_map"]
