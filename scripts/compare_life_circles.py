"""Write the comparison table of docs/methods/life-circles.md: ours, Valhalla's, and hulls.

    .venv/bin/python scripts/compare_life_circles.py [CITY …]

Truth is the exact search on the same network; Valhalla reads that network as footways.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from spatial.standards.parameters import read_parameters  # noqa: E402
from tests.benchmarks.circle_shapes import CONCAVE_RATIO, compare  # noqa: E402
from tests.benchmarks.circles import MINUTES, limits_m  # noqa: E402
from tests.benchmarks.foreign import version_of  # noqa: E402
from tests.benchmarks.inputs import FILES, SHARED_DATA, walk  # noqa: E402

PAGE = ROOT / "docs" / "methods" / "life-circles.md"
BEGIN, END = "<!-- comparison -->", "<!-- /comparison -->"
CITIES = ("helsinki", "monaco", "demo-1000")
NAMES = {"demo-1000": "demo city (1,000)"}
COUNT = 100
FILES.setdefault("monaco", SHARED_DATA / "monaco" / "monaco.osm.pbf")

HEAD = (
    "| 城市 City | 画法 Maker | km² | 街道点误入 street points wrongly inside "
    "| 漏掉 left out | 建筑误入 buildings wrongly inside | 漏掉 left out "
    "| 孤立路网点 points of islands inside | 点数 points | CPU ms |"
)


def main() -> None:
    """Compare in every city that was asked for."""
    cities = sys.argv[1:] or CITIES
    walking = read_parameters("walking")
    made = pd.concat([compare(walk(city), city, walking, count=COUNT) for city in cities])
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{table(made)}\n{END}{after}", encoding="utf-8")


def table(made: pd.DataFrame) -> str:
    """Write the rows as Markdown, with date and versions."""
    limit = limits_m(MINUTES)["c15"]
    lines = [HEAD, "|---|---|" + "---:|" * 8]
    lines += [
        (
            f"| {NAMES.get(row.city, row.city)} | {row.maker} | {row.area_km2:.2f} "
            f"| {row.vertices_wrong_inside:.1%} | {row.vertices_left_out:.1%} "
            f"| {row.buildings_wrong_inside:.1%} | {row.buildings_left_out:.1%} "
            f"| {row.islands_inside:.1%} | {row.points:.0f} | {row.cpu_ms:.2f} |"
        )
        for row in made.itertuples()
    ]
    note = (
        f"\n{datetime.now(UTC):%Y-%m-%d} · Valhalla {version_of('pyvalhalla')}, Shapely "
        f"{version_of('shapely')} (concave hull: ratio {CONCAVE_RATIO}) · {COUNT} gates, "
        f"15 min = {limit:,.0f} m."
    )
    return "\n".join([*lines, note])


if __name__ == "__main__":
    main()
