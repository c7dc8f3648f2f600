"""A font with Chinese characters for drawings, found on the machine."""

from __future__ import annotations

from functools import cache
from typing import Final

from matplotlib import font_manager

from spatial.errors import InputError

__all__ = ["chinese_font"]

FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
)
"""The best reading first."""


@cache
def chinese_font() -> str:
    """Name of the font family in which matplotlib can write Chinese.

    Raises
    ------
    InputError
        If the machine has none of them; the message says which package to install.
    """
    for attempt in ("known", "searched"):
        if attempt == "searched":  # matplotlib's own list may be older than the fonts
            for file in font_manager.findSystemFonts():
                if any(part in file.lower() for part in ("cjk", "wqy", "notosanssc", "sourcehan")):
                    font_manager.fontManager.addfont(file)
        here = {font.name for font in font_manager.fontManager.ttflist}
        for family in FAMILIES:
            if family in here:
                return family
    raise InputError(
        f"No font with Chinese characters was found ({', '.join(FAMILIES)}). Install one, "
        "e.g. the package fonts-wqy-microhei or fonts-noto-cjk.",
        zh=(
            f"本机没有中文字体({'、'.join(FAMILIES)})。请安装一种,如软件包 fonts-wqy-microhei "
            "或 fonts-noto-cjk。"
        ),
    )
