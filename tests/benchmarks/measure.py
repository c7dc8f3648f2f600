"""One measurement in a fresh process: CPU seconds, wall seconds, highest memory, and the answer."""

from __future__ import annotations

import gc
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KIB_PER_MIB = 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """One part of one run."""

    cpu_s: float
    wall_s: float
    peak_mib: float


class Meter:
    """Measures one part after another; the peak is that of the part where the system can tell."""

    def __init__(self) -> None:
        self.parts: dict[str, Measured] = {}
        self._name = ""

    def start(self, name: str) -> None:
        """End the part before and begin one."""
        self.stop()
        gc.collect()
        _forget_peak()
        self._name, self._cpu, self._wall = name, time.process_time(), time.perf_counter()

    def stop(self) -> None:
        """End the part that runs, if any."""
        if self._name:
            cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
            self.parts[self._name] = Measured(cpu, wall, _peak_mib())
            self._name = ""


def _forget_peak() -> None:
    """Let the high-water mark of memory begin anew, on Linux."""
    marks = Path("/proc/self/clear_refs")
    if marks.exists():
        marks.write_text("5")


def _peak_mib() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / KIB_PER_MIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KIB_PER_MIB / (KIB_PER_MIB if sys.platform == "darwin" else 1)


def fingerprint(answer: object) -> str | None:
    """Short name of an answer made of numbers, texts and lists; equal answers, equal names."""
    if answer is None:
        return None
    return hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()[:16]


def report(meter: Meter, answer: object) -> None:
    """Write what was measured as the last line of the child's output."""
    meter.stop()
    parts = {name: asdict(part) for name, part in meter.parts.items()}
    print("\n" + json.dumps({"parts": parts, "answer": fingerprint(answer)}))


def in_fresh_process(work: str, who: str, size: str) -> tuple[dict[str, Measured], str | None]:
    """Run one side of a work in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.child", work, who, size]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join(done.stderr.strip().splitlines()[-12:])
        raise RuntimeError(f"`{work}` ({who}, {size}) failed:\n{tail}")
    last = json.loads(done.stdout.strip().splitlines()[-1])
    return {name: Measured(**part) for name, part in last["parts"].items()}, last["answer"]


def timed(run: Callable[[], object], name: str) -> None:
    """Run, measure as one part, and report; what `run` returns is the answer."""
    meter = Meter()
    meter.start(name)
    answer = run()
    meter.stop()
    # An answer may need to be brought into a comparable form, which is nobody's work to measure.
    report(meter, answer() if callable(answer) else answer)
