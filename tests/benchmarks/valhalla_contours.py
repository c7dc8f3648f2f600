"""Contours of Valhalla, run by the peers' interpreter with inputs.npz and outputs.npz."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import valhalla
from valhalla.config import get_config


def config(folder: Path, pbf: str) -> str:
    """Build the tiles of a file once, and return the path of their configuration."""
    path = folder / "valhalla.json"
    if path.exists():
        return str(path)
    (folder / "tiles").mkdir(parents=True, exist_ok=True)
    (folder / "none.tar").touch()
    made = get_config(tile_dir=folder / "tiles", tile_extract=folder / "none.tar", verbose=False)
    made["mjolnir"]["concurrency"] = 1
    made["mjolnir"]["logging"] = made["loki"]["logging"] = {"type": ""}
    for key in ("tile_extract", "admin", "timezone"):
        made["mjolnir"].pop(key, None)
    partial = folder / "valhalla.part"
    partial.write_text(json.dumps(made))
    build = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    subprocess.run([build, "-c", partial, pbf], check=True, capture_output=True)
    partial.rename(path)
    return str(path)


def main() -> None:
    with np.load(sys.argv[1]) as given:
        lonlat, minutes = given["lonlat"], given["minutes"].tolist()
        folder, pbf = str(given["folder"]), str(given["pbf"])
        speed_km_h = float(given["speed_km_h"])
    actor = valhalla.Actor(config(Path(folder), pbf))
    walker = {"walking_speed": speed_km_h, "step_penalty": 0, "use_ferry": 0}
    asked = [
        json.dumps(
            {
                "locations": [{"lon": lon, "lat": lat}],
                "costing": "pedestrian",
                "costing_options": {"pedestrian": walker},
                "contours": [{"time": m} for m in minutes],
                "polygons": True,
            }
        )
        for lon, lat in lonlat.tolist()
    ]
    actor.isochrone(asked[0])  # loads the tiles
    cpu, wall = time.process_time(), time.perf_counter()
    answers = [actor.isochrone(question) for question in asked]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    kept = [
        json.dumps([source, feature["properties"]["contour"], feature["geometry"]])
        for source, answer in enumerate(answers)
        for feature in (json.loads(answer) if isinstance(answer, str) else answer)["features"]
    ]
    np.savez(sys.argv[2], features=np.array(kept, dtype=str))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.flush()
    os.write(1, ("\n" + json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mib": peak})).encode())


if __name__ == "__main__":
    main()
