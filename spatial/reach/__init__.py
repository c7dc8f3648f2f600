"""Reach on foot: nearest facilities, reached facilities, life circles."""

from spatial.reach.nearest import nearest_facilities

__all__ = ["nearest_facilities"]
