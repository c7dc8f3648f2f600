"""Benchmarks: ``python -m tests.benchmarks [WORK …] [--sizes …] [--rounds N]``.

Every measurement runs in a fresh process; ours and the peer's take turns, and medians are
reported. A work that takes longer than half a minute is done once. Input is made beforehand and
kept in ``build/bench/cache``. A line per result goes to ``build/bench/results.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.benchmarks.inputs import DENSE, FILES, NETWORKS, PBF_FILES, RUN_KEY, SIZES, sources
from tests.benchmarks.measure import ROOT, Measured, in_fresh_process
from tests.benchmarks.works import WORKS, Work

KNOWN_SIZES = (*SIZES, *DENSE, *NETWORKS, *PBF_FILES)
ALL_SIZES = tuple(dict.fromkeys((*KNOWN_SIZES, *(s for work in WORKS for s in work.sizes))))
RESULTS = ROOT / "build" / "bench" / "results.jsonl"
LONG_S = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("works", nargs="*", metavar="WORK", help=", ".join(w.name for w in WORKS))
    parser.add_argument("--sizes", default=",".join(ALL_SIZES), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    sizes = asked.sizes.split(",")
    chosen = [w for w in WORKS if not asked.works or any(_means(a, w) for a in asked.works)]
    unknown = [a for a in asked.works if not any(_means(a, w) for w in WORKS)]
    if unknown or set(sizes) - set(ALL_SIZES):
        print(f"Unknown: {', '.join(unknown + sorted(set(sizes) - set(ALL_SIZES)))}.")
        print(f"Works: {', '.join(w.name for w in WORKS)}. Sizes: {', '.join(ALL_SIZES)}.")
        return 2
    missing = [size for size in sizes if size in FILES and not FILES[size].exists()]
    for size in missing:
        print(f"{size} is left out: {FILES[size]} is missing.")
    results: list[dict] = []
    console = Console(width=None if sys.stdout.isatty() else 130)
    os.environ[RUN_KEY] = sources()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    for work in chosen:
        for size in (s for s in work.sizes if s in sizes and s not in missing):
            with console.status(f"{work.name} · {size}"):
                lines = run(work, size, rounds=asked.rounds)
            wanted = [a for a in asked.works if a.startswith("analyse: ")]
            lines = [r for r in lines if not wanted or r["work"] in wanted]
            with RESULTS.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            results += lines
            for line in lines:
                console.print(_sentence(line), highlight=False)
    console.print(_table(results))
    return 1 if any(line["agrees"] is False for line in results) else 0


def _means(asked: str, work: Work) -> bool:
    return asked == work.name or asked.startswith(f"{work.name}: ")


def run(work: Work, size: str, *, rounds: int) -> list[dict]:
    """Measure one work at one size, ours and the peer's in turns."""
    if work.prepare:
        in_fresh_process("prepare", work.prepare, size)
    ours: list[tuple[dict[str, Measured], str | None]] = []
    theirs: list[tuple[dict[str, Measured], str | None]] = []
    peer_error = None
    for _ in range(rounds):
        ours.append(in_fresh_process(work.name, "ours", size))
        if work.peer and size in work.peer_sizes and not peer_error:
            try:
                theirs.append(in_fresh_process(work.name, "peer", size))
            except RuntimeError as fault:  # that a peer cannot do it is a result, too
                peer_error = str(fault).splitlines()[-1]
        if sum(part.wall_s for one in (*ours, *theirs) for part in one[0].values()) > LONG_S:
            break
    agrees = len({answer for _, answer in (*ours, *theirs)}) == 1 if theirs else None
    return [
        _line(work, size, name, ours, theirs, agrees) | {"peer_error": peer_error}
        for name in ours[0][0]
    ]


def _line(work: Work, size: str, name: str, ours: list, theirs: list, agrees: bool | None) -> dict:
    def middle(side: list, field: str) -> float:
        return round(median(getattr(parts[name], field) for parts, _ in side), 6)

    theirs = [side for side in theirs if name in side[0]]  # a peer may lack a part, e.g. a p99
    cpu_s = middle(ours, "cpu_s")
    peer_cpu_s = middle(theirs, "cpu_s") if theirs else None
    return {
        "work": name,
        "size": size,
        "peer": work.peer_package if size in work.peer_sizes else None,
        "peer_version": work.peer_version if size in work.peer_sizes else None,
        "cpu_s": cpu_s,
        "peer_cpu_s": peer_cpu_s,
        "ratio": round(peer_cpu_s / cpu_s, 3) if peer_cpu_s is not None and cpu_s else None,
        "wall_s": middle(ours, "wall_s"),
        "peak_mib": round(middle(ours, "peak_mib"), 1),
        "peer_peak_mib": round(middle(theirs, "peak_mib"), 1) if theirs else None,
        "rounds": len(ours),
        "agrees": agrees,
    }


def _sentence(line: dict) -> str:
    peer = f", {line['peer']} {line['peer_cpu_s']:.3g} s" if line["peer_cpu_s"] else ""
    if line["peer_error"]:
        peer = f", {line['peer']} failed: {line['peer_error']}"
    return f"{line['work']} · {line['size']}: {line['cpu_s']:.3g} s CPU{peer}"


def _table(results: list[dict]) -> Table:
    table = Table(title="Linli benchmarks: medians; ratio = peer's CPU seconds / ours")
    for heading in (
        "work",
        "size",
        "CPU s",
        "wall s",
        "peak MiB",
        "peer",
        "CPU s",
        "ratio",
        "agree",
    ):
        table.add_column(
            heading, justify="left" if heading in {"work", "size", "peer"} else "right"
        )
    for line in results:
        known = line["peer_cpu_s"] is not None
        table.add_row(
            line["work"],
            line["size"],
            f"{line['cpu_s']:.3g}",
            f"{line['wall_s']:.3g}",
            f"{line['peak_mib']:.0f}",
            f"{line['peer']} {line['peer_version']}" if line["peer"] else "",
            f"{line['peer_cpu_s']:.3g}" if known else ("failed" if line["peer_error"] else ""),
            f"{line['ratio']:.2f}" if known else "",
            {True: "yes", False: "NO", None: ""}[line["agrees"]],
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
