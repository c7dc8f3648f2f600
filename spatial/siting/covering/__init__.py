"""Set covering, maximal covering and the p-centre: who is reached, and how far the last walks."""

from spatial.siting.covering.max_cover import Budget, max_cover
from spatial.siting.covering.p_centre import p_centre
from spatial.siting.covering.set_cover import set_cover

__all__ = ["Budget", "max_cover", "p_centre", "set_cover"]
