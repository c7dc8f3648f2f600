"""Write tests/golden/cities.json: what `analyse` finds in each real city.

    .venv/bin/python scripts/make_city_goldens.py [CITY …]

Change the file only with a line in CHANGELOG.md that says why a number moved.
"""

import json
import sys
from pathlib import Path

from spatial.analysis import Analysis, AnalysisParameters, analyse
from spatial.city import read_city
from spatial.standards import read_profile

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
GOLDEN = ROOT / "tests" / "golden" / "cities.json"
CITIES = (
    "wudaokou",
    "helsinki",
    "monaco",
    "porto-alegre",
    "hangzhou-west",
    "wuhan",
    "singapore-hdb",
)
YEAR = 2026


def analysed(city: str, folder: Path = SHARED_DATA) -> Analysis:
    """Read and analyse one real city, as `linli analyse FOLDER` does."""
    return analyse(
        read_city([folder / city]),
        read_profile("national"),
        parameters=AnalysisParameters(year=YEAR),
    )


def golden_figures(analysis: Analysis) -> dict:
    """Return the figures that must not move unnoticed."""
    summary = analysis.summary
    kept = {key: summary[key] for key in ("zone", "inputs", "import", "gates", "eligibility")}
    return kept | {
        "network": {key: summary["network"][key] for key in ("nodes", "edges", "length_km")},
        "neighbourhoods": {
            key: summary["neighbourhoods"][key]
            for key in ("count", "by_origin", "persons_from", "with_gate_on_network")
        },
        "gaps": summary["gaps"]["by_status"],
        "adjacent_pairs": summary["adjacent_pairs"],
        "barriers_between": summary["barriers_between"],
        "districts": summary["districts"],
        "stock": summary["stock"]["by_source"],
        "tables": {name: len(table) for name, table in analysis.tables.items()},
        "warnings": sorted(set(summary["warnings"])),
    }


if __name__ == "__main__":
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    for name in sys.argv[1:] or CITIES:
        golden[name] = golden_figures(analysed(name))
    GOLDEN.write_text(
        json.dumps(golden, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
