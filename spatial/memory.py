"""Freed memory goes back to the system between the stages of long work."""

from __future__ import annotations

import ctypes
import sys

import pyarrow as pa

__all__ = ["give_back"]


def give_back() -> None:
    """Return what was freed to the system, where the system's allocator can be asked (Linux).

    Threads free their arrays and geometries into heaps of their own, which the process keeps: on
    a city of 300,000 buildings a third of its memory. Takes milliseconds; changes no result.
    """
    pa.default_memory_pool().release_unused()
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # musl has none
        trim(0)
