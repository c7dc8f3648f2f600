"""As whom the server's programs run: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.errors import ClusterError

__all__ = ["Identity", "identity_for"]

SERVICE_USERS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Identity:
    """How a program is run so that it is not root."""

    kind: str
    """``self`` (ordinary user), ``namespace`` (root, mapped to nobody) or a user's name."""
    prefix: tuple[str, ...] = ()
    """What stands before the command."""
    uid: int | None = None
    gid: int | None = None
    """Whom the folders must belong to; None where they stay ours."""

    def own(self, folder: Path) -> None:
        """Hand an (empty) folder over to the user that the server runs as."""
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)


def identity_for(data: Path) -> Identity:
    """Return as whom to run the server whose data folder is (or will be) `data`.

    An existing folder decides by its owner, so that a cluster is always run as it was made.
    As root, a user namespace comes first: files stay ours, and it works below folders that only
    root may enter.
    """
    if os.geteuid() != 0:
        return Identity("self")
    owner = data.stat().st_uid if data.exists() else None
    if owner in {None, 0} and _namespaces_work():
        prefix = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
        return Identity("namespace", prefix)
    if owner == 0:
        raise ClusterError(
            f"{data} belongs to root, and this machine does not let root run PostgreSQL in a user "
            "namespace. Hand the folder over, e.g. `chown -R postgres .local/pg`, or start as "
            "the user who made it.",
            f"{data} 属于 root,而本机不允许 root 以用户命名空间运行 PostgreSQL。"
            "请执行 `chown -R postgres .local/pg`,或改用创建它的用户启动。",
        )
    return _service_identity(owner)


def _namespaces_work() -> bool:
    if shutil.which("unshare") is None:
        return False
    trial = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--", "true"]
    return subprocess.run(trial, cwd="/", capture_output=True, check=False).returncode == 0  # noqa: S603


def _service_identity(owner: int | None) -> Identity:
    for entry in pwd.getpwall():
        wanted = entry.pw_name in SERVICE_USERS if owner is None else entry.pw_uid == owner
        if not wanted:
            continue
        if shutil.which("setpriv"):
            numbers = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
            return Identity(entry.pw_name, ("setpriv", *numbers), entry.pw_uid, entry.pw_gid)
        if shutil.which("runuser"):
            prefix = ("runuser", "-u", entry.pw_name, "--")
            return Identity(entry.pw_name, prefix, entry.pw_uid, entry.pw_gid)
    raise ClusterError(
        "PostgreSQL does not run as root, and neither `unshare`, `setpriv` nor `runuser` can be "
        "used here. Start as an ordinary user, or name a server in DATABASE_URL.",
        "PostgreSQL 不能以 root 运行,且本机无法使用 unshare、setpriv、runuser。"
        "请用普通用户启动,或以 DATABASE_URL 指定数据库。",
    )
