"""Stock land and buildings that could hold what is missing."""

from spatial.stock.detect.detect import Detection, detect_stock, threshold_picture
from spatial.stock.documents import asset_warnings, documents_needed, votes_needed
from spatial.stock.embedded import complexes
from spatial.stock.find import find_stock, stock_points
from spatial.stock.fits import stock_fits
from spatial.stock.holding import holdable_kinds, why_not
from spatial.stock.nearby import city_uses, nearby_uses
from spatial.stock.pathway import new_facility_owner, pathway

__all__ = [
    "Detection",
    "asset_warnings",
    "city_uses",
    "complexes",
    "detect_stock",
    "documents_needed",
    "find_stock",
    "holdable_kinds",
    "nearby_uses",
    "new_facility_owner",
    "pathway",
    "stock_fits",
    "stock_points",
    "threshold_picture",
    "votes_needed",
    "why_not",
]
