"""Text as two flat arrays, which a file can hold and a program can open without reading it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["Texts"]


@dataclass(frozen=True, eq=False)
class Texts:
    """Immutable texts; text ``i`` is ``utf8[start[i]:start[i + 1]]``, made on demand."""

    utf8: npt.NDArray[np.uint8]  # (b,)
    start: npt.NDArray[np.int64]  # (s + 1,)

    @classmethod
    def of(cls, values: Sequence[str] | npt.NDArray[np.object_]) -> Texts:
        """Lay out texts.

        Examples
        --------
        >>> Texts.of(["way/1", "", "中山路"]).values.tolist()
        ['way/1', '', '中山路']
        """
        parts = [str(value).encode() for value in values]
        size = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
        start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        return cls(utf8=np.frombuffer(b"".join(parts), dtype=np.uint8), start=start)

    @classmethod
    def none(cls) -> Texts:
        """No texts at all."""
        return cls.of([])

    def __len__(self) -> int:
        return len(self.start) - 1

    @cached_property
    def values(self) -> npt.NDArray[np.object_]:
        """The texts as Python's, shape (s,)."""
        raw, start = self.utf8.tobytes(), self.start.tolist()
        made = np.empty(len(self), dtype=object)
        for row in range(len(self)):
            made[row] = raw[start[row] : start[row + 1]].decode()
        return made
