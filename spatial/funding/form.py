"""The integrated project plan (一体化项目实施方案): its nine parts, known and missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from spatial.errors import InputError

__all__ = ["PARTS", "Part", "integrated_plan"]

CLAUSE: Final = "K05: S0 三(二)"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the plan and what has to be stated in it."""

    id: str
    zh: str
    en: str
    needed_zh: str
    needed_en: str


PARTS: Final = (
    Part(
        "body",
        "实施主体选择",
        "Implementing body",
        "实施主体名称、性质与选择方式",
        "name and kind of the implementing body, how it is chosen",
    ),
    Part(
        "operation",
        "建设运营模式",
        "Mode of building and operation",
        "自平衡、PPP、公司融资或垂直行业整体支持",
        "self-balance, PPP, corporate finance or support of a whole sector",
    ),
    Part(
        "merging",
        "项目整合立项",
        "Merging of projects",
        "联合申报的范围(社区、片区或城区)与所含项目",
        "what is declared together (community, district or city) and its projects",
    ),
    Part(
        "stock",
        "存量土地房屋资源整合利用",
        "Use of stock land and buildings",
        "所用存量资源、权属与利用路径",
        "assets used, their owners and pathways",
    ),
    Part(
        "use",
        "规划用途及指标",
        "Planned use and indices",
        "各处规划用途、面积与容积率等指标",
        "planned use, areas and plot ratio of each place",
    ),
    Part(
        "rights",
        "土地房屋权属性质调整",
        "Change of land and house rights",
        "土地、房屋权属或用途性质的调整",
        "changes of the right type of land and houses",
    ),
    Part(
        "vacant",
        "空置用房运营及收益",
        "Running and income of vacant rooms",
        "空置用房的运营方式与收益",
        "how vacant rooms are run and what they earn",
    ),
    Part(
        "income",
        "新增经营性收入",
        "New operating income",
        "新增停车、租金、服务等收入",
        "new income from parking, rent and services",
    ),
    Part(
        "given_up",
        "公共收益让渡",
        "Public income given up",
        "业主让渡的公共收益、年限与决定文件",
        "public income that owners give up, for how long, and their decision",
    ),
)


def integrated_plan(known: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Fill the nine-part form from what is known and list what is missing.

    Parameters
    ----------
    known : mapping of part id to (Chinese, English)
        An empty text counts as not known.

    Returns
    -------
    DataFrame indexed by part, in the order of the document
        ``zh, en, state`` (filled, missing), ``content_zh, content_en``, ``needed_zh,
        needed_en`` (what must be stated), ``clause``.

    Raises
    ------
    InputError
        If a part is not one of the nine.

    Examples
    --------
    >>> form = integrated_plan({"stock": ("空地 3 处", "3 vacant plots")})
    >>> len(form), form["state"].eq("missing").sum().item(), form.loc["stock", "content_en"]
    (9, 8, '3 vacant plots')
    """
    names = [part.id for part in PARTS]
    strange = sorted(set(known) - set(names))
    if strange:
        raise InputError(
            f"The integrated plan has no part `{strange[0]}`; it has {', '.join(names)}.",
            zh=f"一体化项目实施方案没有“{strange[0]}”部分;有 {'、'.join(names)}。",
        )
    rows = []
    for part in PARTS:
        zh, en = known.get(part.id, ("", ""))
        rows.append(
            {
                "zh": part.zh,
                "en": part.en,
                "state": "filled" if zh or en else "missing",
                "content_zh": zh or en,
                "content_en": en or zh,
                "needed_zh": part.needed_zh,
                "needed_en": part.needed_en,
                "clause": CLAUSE,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(names, name="part"))
