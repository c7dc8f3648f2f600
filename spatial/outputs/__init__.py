"""What an analysis leaves behind: GeoPackage, offline map, summary."""
