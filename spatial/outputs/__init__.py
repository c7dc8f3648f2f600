"""What an analysis leaves behind: GeoPackage, offline map, summary; whole, or not at all."""

from spatial.outputs.folder import write_analysis
from spatial.outputs.geopackage import write_geopackage
from spatial.outputs.summary_text import summary_text

__all__ = ["summary_text", "write_analysis", "write_geopackage"]
