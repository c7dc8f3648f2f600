"""Write ``docs/data-dictionary.md`` from ``data/dictionary.yaml``; a test keeps it current.

::

    python scripts/make_data_dictionary.py
"""

from collections.abc import Iterable
from pathlib import Path

from spatial.city.recipe import alias_tables
from spatial.dictionary import ColumnSpec, LayerSpec, data_dictionary

TARGET = Path(__file__).resolve().parents[1] / "docs" / "data-dictionary.md"
GEOMETRY = {
    "point": "点 point",
    "line": "线 line",
    "polygon": "面 polygon",
    "any": "任意 any",
    "none": "无 none",
}
HEAD = """# 数据字典 Data dictionary

<!-- Written by scripts/make_data_dictionary.py from data/dictionary.yaml: change that file, then run the script. -->

版本 Version {version}。每个图层的索引列为 `id`(文本,唯一);缺失值保持缺失,不写作 0 或"否"。
Every layer is indexed by `id` (text, unique); a missing value stays missing and is never written as 0 or "no".

读取时不区分大小写地识别别名列;`data/value_aliases.yaml` 中的中文取值自动换算。
Aliases of layers and columns are recognised in any case; common Chinese values are translated by
`data/value_aliases.yaml`. Files whose names say nothing can be described in a recipe (`linli.yaml`, see
`spatial/city/recipe.py`).
"""  # noqa: E501


def document() -> str:
    """Return the whole page."""
    dictionary = data_dictionary()
    parts = [HEAD.format(version=dictionary.version), "## 输入图层 Input layers\n"]
    parts += [_layer(spec, aliases=True) for spec in dictionary.inputs.values()]
    parts.append("## 输入表 Input tables without geometry\n")
    parts += [_layer(spec, aliases=True) for spec in dictionary.tables.values()]
    parts.append("## 栅格 Grids (GeoTIFF)\n")
    rows = (
        (f"`{name}`", body["zh"], body["en"], body["unit"], ", ".join(map(str, body["aliases"])))
        for name, body in dictionary.rasters.items()
    )
    parts.append(_table(("name", "中文", "English", "unit", "aliases"), rows))
    parts.append("## 结果表 Result tables\n")
    parts += [_layer(spec, aliases=False) for spec in dictionary.results.values()]
    parts.append("## 可识别的文件名 File names with a recipe of their own\n")
    sources = alias_tables()["sources"].items()
    parts.append(
        _table(
            ("name", "layer", "constants", "columns"),
            (
                (name, f"`{body['layer']}`", _pairs(body, "constants"), _pairs(body, "columns"))
                for name, body in sources
            ),
        )
    )
    return "\n".join(parts).rstrip() + "\n"


def _pairs(body: dict, key: str) -> str:
    return ", ".join(f"{k} = {v}" for k, v in body.get(key, {}).items())


def _layer(spec: LayerSpec, *, aliases: bool) -> str:
    head = f"### `{spec.name}` {spec.zh} · {spec.en}\n\n几何 Geometry: {GEOMETRY[spec.geometry]}"
    if aliases and spec.aliases:
        head += f"。别名 Aliases: {', '.join(spec.aliases)}"
    names = ("column", "type", "unit", "中文", "English", "values (**default**)", "aliases")
    rows = (_column(column) for column in spec.columns.values())
    return f"{head}\n\n{_table(names, rows)}"


def _column(column: ColumnSpec) -> tuple[str, ...]:
    default = None if column.default is None else str(column.default)
    values = [f"**{v}**" if v == default else v for v in column.values]
    if default is not None and default not in column.values:
        values.append(f"**{default}**")
    return (
        f"`{column.name}`",
        column.type,
        column.unit or "",
        column.zh,
        column.en,
        ", ".join(values),
        ", ".join(column.aliases),
    )


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(names)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
    print(f"wrote {TARGET.name}")
