"""After a crash: tell a stale lock file from a server that still runs."""

from __future__ import annotations

from pathlib import Path

__all__ = ["clear_stale_lock"]


def clear_stale_lock(data: Path) -> str | None:
    """Remove ``postmaster.pid`` if no server process works in `data`; return why, else None.

    PostgreSQL does this itself, unless another program was given the dead server's process number
    meanwhile (usual after a restart of a container). Every server process has the data folder as
    its working folder, so one look at the process table decides. Where there is no process table,
    nothing is removed.
    """
    lock = data / "postmaster.pid"
    if not lock.exists() or not Path("/proc/self/cwd").exists():
        return None
    if any(_may_work_in(process, data.resolve()) for process in Path("/proc").iterdir()):
        return None
    lock.unlink(missing_ok=True)
    return "no server process works in the data folder"


def _may_work_in(process: Path, folder: Path) -> bool:
    if not process.name.isdigit():
        return False
    try:
        return (process / "cwd").readlink() == folder
    except PermissionError:  # another user's: its name alone must do, to be on the safe side
        return "postgres" in _name(process)
    except OSError:  # it ended meanwhile
        return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
