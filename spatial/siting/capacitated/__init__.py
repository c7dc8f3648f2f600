"""Sites that hold only so much: the capacitated p-median and capacitated maximal covering."""

from spatial.siting.capacitated.models import capacitated_max_cover, capacitated_p_median

__all__ = ["capacitated_max_cover", "capacitated_p_median"]
