"""Serve the app in a child process, and another one at once whenever it was killed.

``python forked_app.py PORT`` writes each child's process id on a line of its own. Everything is
imported before the first fork, so that a new child answers within a second.
"""

import os
import sys

import uvicorn

import spatial.city.neighbourhoods
import spatial.districting.sharing  # noqa: F401  (what the first question would import)
from app.main import create_app


def main(port):
    while True:
        child = os.fork()
        if child == 0:
            uvicorn.run(create_app(), port=port, log_level="error")
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
