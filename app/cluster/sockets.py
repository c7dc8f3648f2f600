"""The folder of the server's socket: short, ours alone, on a disk that can hold sockets."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["choose_socket_folder", "socket_folder_lives", "somebody_listens"]

SOCKET_NAME: Final = ".s.PGSQL.5432"
PATH_LIMIT_BYTES: Final = 107
"""Longest path of a socket on Linux; 103 on some other systems, which are left to the trial."""


def choose_socket_folder(folder: Path, *, own: Callable[[Path], None]) -> Path:
    """Return a folder of mode 0700 for the socket, beside the data if that can be.

    A deep project folder, or one on a disk that knows no sockets, gets a temporary folder instead.
    """
    beside = folder / "run"
    if _can_hold_a_socket(beside):
        own(beside)
        return beside
    chosen = Path(tempfile.mkdtemp(prefix="linli-pg-"))
    own(chosen)
    return chosen


def socket_folder_lives(folder: Path) -> bool:
    """Return whether the socket is still where it was put (temporary folders get swept)."""
    return (folder / SOCKET_NAME).exists()


def somebody_listens(folder: Path) -> bool:
    """Return whether a server takes connections; a dead one leaves the socket behind."""
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.connect(str(folder / SOCKET_NAME))
    except (ConnectionRefusedError, FileNotFoundError):
        return False
    except OSError:  # no room in the queue, no right to enter: there is a server
        return True
    return True


def _can_hold_a_socket(folder: Path) -> bool:
    if len(os.fsencode(folder / f"{SOCKET_NAME}.lock")) > PATH_LIMIT_BYTES:
        return False
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    trial = folder / "trial"
    with contextlib.suppress(OSError):
        trial.unlink()
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(trial))
        trial.unlink()
    except OSError:
        return False
    return True
