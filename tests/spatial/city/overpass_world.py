"""A small hand-made piece of map, as an .osm file and as the Overpass service would answer it.

``answer(WORLD)`` is the recorded answer of the tests; `served` plays it back on loopback.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import quoteattr

WORLD = {
    "nodes": {
        1: (116.3300, 39.9900, {}), 2: (116.3310, 39.9900, {}), 3: (116.3310, 39.9910, {}),
        4: (116.3300, 39.9910, {}), 5: (116.3302, 39.9902, {}), 6: (116.3308, 39.9902, {}),
        7: (116.3308, 39.9908, {}), 8: (116.3302, 39.9908, {}),
        9: (116.3304, 39.9904, {}), 10: (116.3306, 39.9904, {}), 11: (116.3305, 39.9906, {}),
        12: (116.3305, 39.9900, {"barrier": "lift_gate", "foot": "yes", "name": "南门"}),
        13: (116.3315, 39.9905, {"amenity": "clinic", "name": "社区卫生服务站"}),
        14: (116.3297, 39.9898, {}), 15: (116.3318, 39.9898, {}), 16: (116.3305, 39.9895, {}),
    },
    "ways": {
        20: ([1, 12, 2, 3, 4, 1], {"landuse": "residential", "name": "西院", "barrier": "wall"}),
        21: ([5, 6, 7, 8, 5], {"note": "outer ring"}),
        22: ([9, 10, 11, 9], {"note": "inner ring"}),
        23: ([14, 15], {"highway": "residential", "name": "清华东路", "foot": "yes"}),
        24: ([12, 16], {"highway": "steps", "layer": "1", "bridge": "yes"}),
        25: ([14, 16, 15, 14], {"highway": "pedestrian", "area": "yes"}),
        26: ([14, 16, 15, 14], {"highway": "service", "junction": "circular"}),
        27: ([4, 8, 7, 3, 4], {"leisure": "park", "barrier": "fence"}),
        28: ([1, 4], {"waterway": "stream", "tunnel": "culvert"}),
        29: ([2, 3], {"railway": "subway", "tunnel": "yes", "layer": "-2"}),
    },
    "relations": {
        30: (
            [("way", 21, "outer"), ("way", 22, "inner")],
            {"type": "multipolygon", "building": "apartments", "building:levels": "6"},
        ),
        31: ([("way", 21, "outer")], {"type": "multipolygon", "highway": "pedestrian"}),
    },
}  # fmt: skip
BOX = (116.329, 39.989, 116.332, 39.992)


def osm_xml(world: dict) -> str:
    """Write the world as an .osm file."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6" generator="test">']
    for number, (lon, lat, tags) in world["nodes"].items():
        lines += [f'<node id="{number}" version="1" lat="{lat}" lon="{lon}">', *_tags(tags)]
        lines.append("</node>")
    for number, (nodes, tags) in world["ways"].items():
        lines += [f'<way id="{number}" version="1">', *(f'<nd ref="{n}"/>' for n in nodes)]
        lines += [*_tags(tags), "</way>"]
    for number, (members, tags) in world["relations"].items():
        lines.append(f'<relation id="{number}" version="1">')
        lines += [f'<member type="{t}" ref="{r}" role="{role}"/>' for t, r, role in members]
        lines += [*_tags(tags), "</relation>"]
    return "\n".join([*lines, "</osm>"])


def _tags(tags: dict) -> list[str]:
    return [f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items()]


def answer(world: dict) -> dict:
    """Write the world as Overpass answers it (``out`` of everything, with tags where any)."""
    elements = [
        {"type": "node", "id": n, "lat": lat, "lon": lon} | ({"tags": tags} if tags else {})
        for n, (lon, lat, tags) in world["nodes"].items()
    ]
    elements += [
        {"type": "way", "id": n, "nodes": nodes, "tags": tags}
        for n, (nodes, tags) in world["ways"].items()
    ]
    elements += [
        {
            "type": "relation",
            "id": n,
            "members": [{"type": t, "ref": r, "role": role} for t, r, role in members],
            "tags": tags,
        }
        for n, (members, tags) in world["relations"].items()
    ]
    return {"version": 0.6, "generator": "test", "elements": elements}


def found_place() -> list[dict]:
    """Write what Nominatim answers for the place's name."""
    west, south, east, north = BOX
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return [
        {
            "place_id": 1, "osm_type": "relation", "osm_id": 1, "lat": "39.99", "lon": "116.33",
            "class": "boundary", "type": "administrative", "importance": 0.5, "place_rank": 16,
            "addresstype": "suburb", "name": "小世界", "display_name": "小世界",
            "boundingbox": [str(south), str(north), str(west), str(east)],
            "geojson": {"type": "Polygon", "coordinates": [ring]},
        }
    ]  # fmt: skip


@contextmanager
def served(world: dict) -> Iterator[str]:
    """Answer Overpass and Nominatim questions about the world on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send(answer(world))

        def do_GET(self):
            self._send(found_place() if "%E5%B0%8F" in self.path else [])

        def _send(self, body):
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_args):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
