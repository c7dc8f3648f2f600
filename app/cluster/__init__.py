"""The private PostGIS: found, made, started and stopped by the project itself."""

from app.cluster.binaries import Installation, find_installation
from app.cluster.private import Server, Status, project_home, start, status, stop
from app.cluster.urls import connect_arguments, normalise_url, socket_url, with_database

__all__ = [
    "Installation",
    "Server",
    "Status",
    "connect_arguments",
    "find_installation",
    "normalise_url",
    "project_home",
    "socket_url",
    "start",
    "status",
    "stop",
    "with_database",
]
