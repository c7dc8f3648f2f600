"""The child process of one measurement: ``python -m tests.benchmarks.child WORK WHO SIZE``."""

import sys

from tests.benchmarks.inputs import city, network, walk
from tests.benchmarks.works import WORKS


def main() -> None:
    name, who, size = sys.argv[1:4]
    if name == "prepare":  # so that no measured process has to make its own input
        {"city": city, "walk": walk, "network": network}[who](size)
        print('{"parts": {}, "answer": null}')
        return
    work = next(work for work in WORKS if work.name == name)
    side = work.ours if who == "ours" else work.peer
    side(size)


if __name__ == "__main__":
    main()
