"""Peers that live in an interpreter of their own: arrays go there, figures and arrays come back."""

from __future__ import annotations

import json
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from tests.benchmarks.measure import ROOT, Measured, Meter, report

PEERS = ROOT / ".local" / "peers"
Arrays = dict[str, np.ndarray]


def in_peer(script: Path, arrays: Arrays, *, environment: str = "py311") -> tuple[Measured, Arrays]:
    """Run ``script inputs.npz outputs.npz`` in the peers' environment.

    The script prints ``{"cpu_s", "wall_s", "peak_mib"}`` as its last line.
    """
    python = PEERS / environment / "bin" / "python"
    if not python.exists():
        raise RuntimeError(f"The peers' environment {environment} is missing.")
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        np.savez(given, **arrays)
        command = [str(python), str(script), str(given), str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError("\n".join(done.stderr.strip().splitlines()[-12:]))
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        with np.load(made) as outputs:
            return Measured(**figures), dict(outputs)


def report_as(name: str, measured: Measured, answer: object) -> None:
    """Report what was measured elsewhere as if it had been measured here."""
    meter = Meter()
    meter.parts[name] = measured
    report(meter, answer)


def version_of(package: str) -> str:
    """Version of a peer, here or in an environment of its own."""
    try:
        return version(package)
    except PackageNotFoundError:
        for found in sorted(PEERS.glob(f"*/lib/python*/site-packages/{package}-*.dist-info")):
            return found.name.removesuffix(".dist-info").split("-")[-1]
    return "?"
