"""Folium maps for notebooks and files, readable without the internet."""
