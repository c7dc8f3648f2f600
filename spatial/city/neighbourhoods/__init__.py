"""Neighbourhoods: parcels, gap-free cells, gates, population, delineation."""
