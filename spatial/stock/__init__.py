"""Stock land and buildings that could hold what is missing."""

from spatial.stock.find import find_stock, stock_points
from spatial.stock.fits import stock_fits
from spatial.stock.pathway import new_facility_owner, pathway

__all__ = ["find_stock", "new_facility_owner", "pathway", "stock_fits", "stock_points"]
