"""Write the golden import counts of the real inputs to ``tests/golden/import_<city>.json``.

Run it after a deliberate change of the reading rules, look at the difference, and commit both::

    python scripts/make_import_golden.py ../shared/data
"""

import json
import sys
from collections import Counter
from pathlib import Path

from spatial.city import City, read_city

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "golden"
CITIES = (
    "wudaokou", "helsinki", "monaco", "porto-alegre", "hangzhou-west", "wuhan", "singapore-hdb",
)  # fmt: skip


def counts(city: City) -> dict[str, object]:
    """Count, per layer and source: read, loaded, repaired, refused, merged."""
    return {
        "zone": city.crs.to_epsg(),
        "layers": [
            {
                "layer": report.layer,
                "source": report.source,
                "read": report.read,
                "loaded": report.loaded,
                "merged": report.merged,
                "repairs": dict(sorted(Counter(r.what for r in report.repairs).items())),
                "refusals": dict(sorted(Counter(r.why for r in report.refusals).items())),
            }
            for report in sorted(city.report.layers, key=lambda r: (r.layer, r.source))
        ],
        "kinds": {
            f"{layer}.{column}": _values(city, layer, column)
            for layer, column in (
                ("streets", "highway"),
                ("streets", "structure"),
                ("barriers", "kind"),
                ("gates", "access"),
                ("buildings", "use"),
                ("land_use", "use"),
                ("water", "kind"),
            )
            if len(city.layer(layer))
        },
        "rasters": {name: list(grid.values.shape) for name, grid in city.rasters.items()},
        "notes": sorted(note.key for note in city.report.notes),
    }


def _values(city: City, layer: str, column: str) -> dict[str, int]:
    found = city.layer(layer)[column].value_counts()
    return {str(value): int(found[value]) for value in sorted(found.index)}


def main() -> None:
    """Write one file per city."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    GOLDEN.mkdir(exist_ok=True)
    for name in CITIES:
        found = counts(read_city([data / name]))
        target = GOLDEN / f"import_{name}.json"
        text = json.dumps(found, ensure_ascii=False, indent=1)
        target.write_text(text + "\n", encoding="utf-8")
        print(f"{target.name}: {sum(part['loaded'] for part in found['layers'])} rows")


if __name__ == "__main__":
    main()
