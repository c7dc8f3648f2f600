"""Leaflet inside the page: a map that names no other host and opens on an intranet.

folium names scripts on public servers. They are replaced by the Leaflet that ``web/`` installs
with its other packages, inlined as ``data:`` addresses.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

import folium

from spatial.errors import InputError

__all__ = ["OfflineMap"]

ROOT: Final = Path(__file__).resolve().parents[2]
LEAFLET_FOLDERS: Final = (ROOT / "web/node_modules/leaflet/dist", ROOT / "web/dist/leaflet")


class OfflineMap(folium.Map):
    """A folium map without tiles whose scripts and styles are part of the page."""

    def __init__(self, location: tuple[float, float], *, zoom: int = 14) -> None:
        super().__init__(
            location=location,
            zoom_start=zoom,
            tiles=None,
            prefer_canvas=True,
            attribution_control=False,
            control_scale=True,
        )
        script, style = leaflet_assets()
        # folium reads these lists from the object when it renders.
        self.default_js = [("leaflet", script)]
        self.default_css = [("leaflet_css", style)]


@lru_cache(maxsize=1)
def leaflet_assets() -> tuple[str, str]:
    """Return Leaflet's script and style as ``data:`` addresses.

    Raises
    ------
    InputError
        If the web packages are not installed.
    """
    for folder in LEAFLET_FOLDERS:
        if (folder / "leaflet.js").is_file():
            script = (folder / "leaflet.js").read_text(encoding="utf-8")
            style = (folder / "leaflet.css").read_text(encoding="utf-8")
            script = re.sub(r"//# sourceMappingURL=\S+", "", script)
            return (
                _data_address(script.encode(), "text/javascript"),
                _data_address(_with_images(style, folder).encode(), "text/css"),
            )
    raise InputError(
        f"Leaflet is not installed (looked in {', '.join(map(str, LEAFLET_FOLDERS))}), so no map "
        "can be written. Run `npm ci` in web/, or `make demo` once, which does it.",
        zh=(
            f"未安装 Leaflet(查找了 {'、'.join(map(str, LEAFLET_FOLDERS))}),无法写出地"
            "图。请在 web/ 中运行 npm ci,或运行一次 make demo。"
        ),
    )


def _with_images(style: str, folder: Path) -> str:
    """Inline the images that the style names."""

    def inline(match: re.Match[str]) -> str:
        image = folder / match[1]
        if not image.is_file():
            return "none"
        return f"url({_data_address(image.read_bytes(), 'image/png')})"

    return re.sub(r"url\((images/[^)]+\.png)\)", inline, style)


def _data_address(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
