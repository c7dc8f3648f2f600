"""Renewal districts: adjacent neighbourhoods merged within hard limits."""
