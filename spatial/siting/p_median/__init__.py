"""The p-median: open p sites so that everybody together walks least."""

from spatial.siting.p_median.median import p_median

__all__ = ["p_median"]
