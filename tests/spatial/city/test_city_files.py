"""Files as they come: encodings, undeclared and swapped coordinates, folders, recipes, zips."""

import json
import zipfile

import geopandas as gpd
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from shapely import LineString, Polygon, box

from spatial.city import read_city
from spatial.errors import CRSError, InputError

NINGBO = (121.4, 29.87)  # zone 40, central meridian 120° E


def parcels(crs=4490):
    shapes = [box(121.40, 29.87, 121.402, 29.872), box(121.41, 29.87, 121.412, 29.872)]
    frame = gpd.GeoDataFrame(
        {"名称": ["西王庄小区", "华清嘉园"], "户数": ["1,200户", "约800"]},
        geometry=shapes,
        crs=4490,
    )
    return frame.to_crs(crs)


def named_report(city, layer):
    return next(part for part in city.report.layers if part.layer == layer)


def keys(city, layer):
    return {note.key for note in named_report(city, layer).notes}


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK", "GB18030"])
@pytest.mark.parametrize("cpg", ["given", "missing", "wrong"])
def test_a_shapefile_in_any_chinese_encoding_is_read(tmp_path, encoding, cpg):
    path = tmp_path / "小区.shp"
    parcels().to_file(path, encoding=encoding)
    if cpg != "given":
        path.with_suffix(".cpg").unlink()
    if cpg == "wrong":
        path.with_suffix(".cpg").write_text("UTF-8" if encoding != "UTF-8" else "ISO-8859-99")
    city = read_city([path])
    homes = city.layer("neighbourhoods")
    assert homes.name.tolist() == ["西王庄小区", "华清嘉园"]
    assert homes.households.tolist() == [1200, 800]
    assert homes.year_built.isna().all()


def test_names_cut_after_ten_bytes_are_still_understood(tmp_path):
    frame = parcels().rename(columns={"名称": "小区名", "户数": "total_dwel"})
    frame.assign(year_compl=[1980, 1990]).to_file(tmp_path / "小区.shp", encoding="UTF-8")
    homes = read_city([tmp_path]).layer("neighbourhoods")
    assert homes.name.tolist() == ["西王庄小区", "华清嘉园"]
    assert homes.households.tolist() == [1200, 800]
    assert homes.year_built.tolist() == [1980, 1990]


def test_the_language_mark_of_a_dbf_is_believed_before_guessing(tmp_path):
    path = tmp_path / "小区.shp"
    parcels().to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    table = path.with_suffix(".dbf")
    raw = bytearray(table.read_bytes())
    raw[29] = 0x4D
    table.write_bytes(raw)
    city = read_city([path])
    assert city.layer("neighbourhoods").name.tolist() == ["西王庄小区", "华清嘉园"]
    assert "encoding_guessed" not in keys(city, "neighbourhoods")


def test_a_zipped_shapefile_is_read_like_the_open_one(tmp_path):
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    parcels().to_file(open_folder / "老旧小区.shp", encoding="GBK")
    packed = tmp_path / "data.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in open_folder.iterdir():
            archive.write(file, f"某市/{file.name}")
    ours = read_city([packed]).layer("neighbourhoods")
    assert ours.equals(read_city([open_folder / "老旧小区.shp"]).layer("neighbourhoods"))


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet", ".fgb"])
def test_other_vector_formats_give_the_same_layer(tmp_path, suffix):
    path = tmp_path / f"小区{suffix}"
    frame = parcels(4326)
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path)
    homes = read_city([path]).layer("neighbourhoods")
    assert sorted(homes.name) == sorted(["西王庄小区", "华清嘉园"])
    expected = parcels().to_crs(homes.crs).area.sum()
    assert homes.area.sum() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("writer", ["csv", "csv gb18030", "tsv", "xlsx"])
def test_a_table_with_coordinates_is_read(tmp_path, writer):
    table = pd.DataFrame(
        {
            "名称": ["幼儿园甲", "幼儿园乙", "幼儿园丙"],
            "经度": [121.4, 121.41, None],
            "纬度": ["29.87", "29.88", "29.89"],
        }
    )
    suffix = {"tsv": ".tsv", "xlsx": ".xlsx"}.get(writer, ".csv")
    path = tmp_path / f"幼儿园{suffix}"
    if writer == "xlsx":
        title = pd.DataFrame([["某市幼儿园一览表", None, None]])
        rows = pd.DataFrame([table.columns.tolist(), *table.to_numpy().tolist()])
        pd.concat([title, rows]).to_excel(path, index=False, header=False)
    else:
        encoding = "gb18030" if "gb" in writer else "utf-8-sig"
        table.to_csv(path, index=False, encoding=encoding, sep="\t" if writer == "tsv" else ",")
    city = read_city([path])
    found = city.layer("facilities")
    assert found.name.tolist() == ["幼儿园甲", "幼儿园乙"]
    assert found.kind.tolist() == ["kindergarten"] * 2
    report = named_report(city, "facilities")
    assert [(r.row, r.why) for r in report.refusals] == [("3", "no_coordinates")]


def test_wkt_in_a_table_is_geometry(tmp_path):
    path = tmp_path / "walls.csv"
    path.write_text(
        'id,barrier,WKT\nw1,围墙,"LINESTRING (121.4 29.87, 121.41 29.87)"\nw2,fence,nonsense\n',
        encoding="utf-8",
    )
    city = read_city([path])
    assert city.layer("barriers").kind.to_dict() == {"w1": "wall"}
    assert [r.row for r in named_report(city, "barriers").refusals] == ["2"]


def test_a_table_keeps_line_breaks_in_cells_and_refuses_rows_that_are_too_long(tmp_path):
    path = tmp_path / "pois.csv"
    path.write_text('name,lon,lat\n"two\nlines",121.4,29.87\n', encoding="utf-8")
    assert read_city([path]).layer("facilities").name.tolist() == ["two\nlines"]
    path.write_text("name,lon,lat\na,121.4,29.87\nb,121.4,29.87,surplus\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"pois\.csv.*line 3"):
        read_city([path])
    path.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"pois\.csv is empty"):
        read_city([path])
    path.write_text("name,lon,lat\n", encoding="utf-8")
    with pytest.raises(InputError, match="usable coordinate"):
        read_city([path])


@pytest.mark.parametrize(("epsg", "said"), [(4528, "recognised"), (4549, "given")])
def test_undeclared_cgcs2000_metres_land_where_they_belong(tmp_path, epsg, said):
    to_metres = pyproj.Transformer.from_crs(4490, epsg, always_xy=True)
    easting, northing = to_metres.transform(*NINGBO)
    path = tmp_path / "pois.csv"
    path.write_text(f"名称,x,y\n甲,{easting},{northing}\n", encoding="utf-8")
    city = read_city([path], source_crs=epsg if said == "given" else None)
    lonlat = city.layer("facilities").to_crs(4490).geometry.iloc[0]
    assert (lonlat.x, lonlat.y) == pytest.approx(NINGBO, abs=1e-8)
    assert f"crs_{said}" in keys(city, "facilities")


def test_metres_without_zone_number_are_refused_until_the_zone_is_told(tmp_path):
    to_metres = pyproj.Transformer.from_crs(4490, 4549, always_xy=True)
    easting, northing = to_metres.transform(*NINGBO)
    path = tmp_path / "pois.csv"
    path.write_text(f"名称,x,y\n甲,{easting},{northing}\n", encoding="utf-8")
    with pytest.raises(CRSError, match=r"pois\.csv.*zone is not known.*source_crs"):
        read_city([path])
    city = read_city([path], zone=40)
    assert city.layer("facilities").geometry.iloc[0].x == pytest.approx(easting, abs=1e-6)


def test_swapped_axes_are_turned_and_said(tmp_path):
    path = tmp_path / "pois.csv"
    path.write_text("name,x,y\na,29.87,121.40\nb,29.88,121.41\nc,121.42,29.89\n", encoding="utf-8")
    city = read_city([path])
    lonlat = city.layer("facilities").to_crs(4490).geometry
    assert [round(p.x, 6) for p in lonlat] == [121.40, 121.41, 121.42]
    report = named_report(city, "facilities")
    assert [(r.row, r.what) for r in report.repairs] == [
        ("1", "axes_swapped"),
        ("2", "axes_swapped"),
    ]


def test_metres_declared_as_degrees_and_degrees_declared_as_metres_are_seen(tmp_path):
    wrong = {
        "小区.gpkg": parcels(4528).set_crs(4490, allow_override=True),
        "roads.gpkg": gpd.GeoDataFrame(
            geometry=[LineString([(121.4, 29.869), (121.42, 29.869)])], crs=4549
        ),
    }
    for name, frame in wrong.items():
        frame.to_file(tmp_path / name)
    city = read_city([tmp_path])
    for layer in ("neighbourhoods", "streets"):
        assert "crs_contradicted" in keys(city, layer)
        assert city.layer(layer).to_crs(4490).total_bounds == pytest.approx(
            [121.4, 29.87, 121.42, 29.87], abs=0.01
        )


def test_a_local_system_that_cannot_be_placed_is_refused_with_advice(tmp_path):
    local = pyproj.CRS.from_wkt('LOCAL_CS["city system",UNIT["metre",1]]')
    shapes = [box(500, 500, 600, 600)]
    gpd.GeoDataFrame(geometry=shapes, crs=local).to_file(tmp_path / "小区.gpkg")
    with pytest.raises(CRSError, match=r"小区\.gpkg.*survey office"):
        read_city([tmp_path / "小区.gpkg"], zone=40)


def test_rows_that_are_not_numbers_or_not_finite_are_refused_by_row(tmp_path):
    path = tmp_path / "pois.csv"
    path.write_text(
        "name,lon,lat\na,121.4,29.87\nb,NaN,29.8\nc,inf,29.8\nd,east,29.8\ne,0,0\n",
        encoding="utf-8",
    )
    report = named_report(read_city([path]), "facilities")
    assert (report.read, report.loaded) == (5, 1)
    assert {r.row: r.why for r in report.refusals} == {
        "2": "no_coordinates",
        "3": "not_finite",
        "4": "no_coordinates",
        "5": "zero_coordinates",
    }


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
@pytest.mark.parametrize("how", ["argument", "mapping", "recipe", "column name"])
def test_declared_shifts_are_undone(tmp_path, shift, how):
    from spatial.city.crs import from_wgs84

    lon, lat = from_wgs84([NINGBO[0]], [NINGBO[1]], shift)
    head = f"{shift}_lng,{shift}_lat" if how == "column name" else "lon,lat"
    path = tmp_path / "pois.csv"
    path.write_text(f"name,{head}\na,{lon[0]:.12f},{lat[0]:.12f}\n", encoding="utf-8")
    sources, shifted = [path], None
    if how == "argument":
        shifted = shift
    elif how == "mapping":
        shifted = {"facilities": shift}
    elif how == "recipe":
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text(f"files: {{pois.csv: {{layer: facilities, shifted: {shift}}}}}")
        sources.append(recipe)
    city = read_city(sources, shifted=shifted)
    lonlat = city.layer("facilities").to_crs(4326).geometry.iloc[0]
    assert (lonlat.x, lonlat.y) == pytest.approx(NINGBO, abs=1e-8)
    assert f"{shift}_converted" in keys(city, "facilities")


def test_a_folder_is_read_as_far_as_it_can_be_recognised_and_says_the_rest(tmp_path):
    parcels().to_file(tmp_path / "小区.gpkg")
    gpd.GeoDataFrame(
        {"highway": ["footway"]},
        geometry=[LineString([(121.4, 29.869), (121.42, 29.869)])],
        crs=4490,
    ).to_file(tmp_path / "roads.geojson")
    (tmp_path / "notes.docx").write_bytes(b"x")
    (tmp_path / "prices.csv").write_text("a,b\n1,2\n")
    (tmp_path / "schools_without_place.csv").write_text("a,b\n1,2\n")
    city = read_city([tmp_path], name="某市")
    assert city.name == "某市"
    assert {layer for layer, frame in city.layers.items() if len(frame)} == {
        "neighbourhoods",
        "streets",
    }
    left_out = [note.text_en.split(" is left out")[0] for note in city.report.notes]
    left_out = [name for name in left_out if name.endswith(("docx", "csv"))]
    assert sorted(left_out) == ["notes.docx", "prices.csv", "schools_without_place.csv"]


def test_a_recipe_teaches_names_values_and_constants(tmp_path):
    (tmp_path / "blocks.csv").write_text(
        "nr,done,flats,home,east,north,lon,lat\n7,1975,20,J,1,1,121.4,29.87\n8,1980,x,N,1,1,121.41,29.87\n"
    )
    (tmp_path / "old.csv").write_text("lon,lat\n1,2\n")
    (tmp_path / "linli.yaml").write_text(
        """
files:
  blocks.csv:
    layer: buildings
    id: nr
    columns: {year_built: done, households: flats, use: home}
    values: {use: {J: residential, N: office}}
    constants: {lifecycle: in_use}
  old.csv: {skip: true}
  gone.csv: {layer: gates}
"""
    )
    city = read_city([tmp_path])
    blocks = city.layer("buildings")
    assert blocks.index.tolist() == ["7", "8"]
    assert blocks.use.tolist() == ["residential", "office"]
    assert blocks.year_built.tolist() == [1975, 1980]
    assert blocks.households.isna().tolist() == [False, True]
    assert "unreadable_values" in keys(city, "buildings")
    assert [note.key for note in city.report.notes if "old.csv" in note.text_en] == ["left_out"]
    assert [note.text_en for note in city.report.notes if note.key == "recipe_unused"] == [
        "The recipe speaks of gone.csv, but there is no such file."
    ]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("files: {a.csv: {layer: houses}}", "no layer `houses`"),
        ("files: {a.csv: {layer: gates, columns: {colour: c}}}", "no column colour"),
        ("files: {a.csv: {lyaer: gates}}", "unknown settings lyaer"),
        ("a: b", "mapping `files`"),
        ("files: [", "no readable YAML"),
    ],
)
def test_a_wrong_recipe_is_refused_with_what_is_wrong(tmp_path, text, match):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=match):
        read_city([path])


def test_a_layer_can_be_named_for_a_file_and_for_an_inner_layer(tmp_path):
    path = tmp_path / "export.gpkg"
    parcels().to_file(path, layer="a1")
    with pytest.raises(InputError, match=r"export\.gpkg: which layer is it"):
        read_city([path])
    for source in (f"neighbourhoods={path}", f"neighbourhoods={path}::a1"):
        assert len(read_city([source]).layer("neighbourhoods")) == 2
    with pytest.raises(InputError, match="no layer `houses`"):
        read_city([f"houses={path}"])
    with pytest.raises(InputError, match="no layer `b2`; it has a1"):
        read_city([f"neighbourhoods={path}::b2"])
    with pytest.raises(InputError, match="no file or folder"):
        read_city([tmp_path / "absent.gpkg"])


def test_the_input_in_an_analysis_geopackage_is_read_and_its_results_are_not(tmp_path):
    path = tmp_path / "city.gpkg"
    frame = parcels().assign(id=["a", "b"])
    frame.to_file(path, layer="input_neighbourhoods")
    frame.assign(gap_index=0.5).iloc[:1].to_file(path, layer="neighbourhoods")
    frame.to_file(path, layer="cells")
    gpd.GeoDataFrame({"id": ["g"]}, geometry=[frame.geometry[0].centroid], crs=4490).to_file(
        path, layer="neighbourhood_gates"
    )
    pyogrio.write_dataframe(pd.DataFrame({"kind": ["clinic"]}), path, layer="gaps")
    city = read_city([path])
    assert city.layer("neighbourhoods").index.tolist() == ["a", "b"]
    assert [layer for layer, rows in city.layers.items() if len(rows)] == ["neighbourhoods"]
    left_out = [note for note in city.report.notes if "it holds results" in note.text_en]
    assert len(left_out) == 4

    own = tmp_path / "own.gpkg"
    frame.to_file(own, layer="stock")
    assert len(read_city([own]).layer("stock_assets")) == 2


def test_two_sources_of_one_layer_with_the_same_ids_keep_both(tmp_path):
    for name in ("bus_stops.csv", "公园.csv"):
        (tmp_path / name).write_text("id,lon,lat\n1,121.4,29.87\n2,121.41,29.87\n")
    places = read_city([tmp_path]).layer("facilities")
    assert sorted(places.index) == [
        "bus_stops.csv:1",
        "bus_stops.csv:2",
        "公园.csv:1",
        "公园.csv:2",
    ]
    assert sorted(places.kind.unique()) == ["bus_stop", "park"]


def test_mixed_geometry_and_z_and_null_in_one_geojson_are_all_accounted_for(tmp_path):
    ring = [[121.4, 29.87, 3], [121.41, 29.87, 3], [121.41, 29.88, 3], [121.4, 29.87, 3]]
    shapes = [
        {"type": "Polygon", "coordinates": [ring]},
        {"type": "Point", "coordinates": [121.4, 29.87]},
        None,
        {"type": "LineString", "coordinates": [[121.4, 29.87], [121.41, 29.88]]},
    ]  # fmt: skip
    features = [
        {"type": "Feature", "id": i, "properties": {"landuse": "grass"}, "geometry": shape}
        for i, shape in enumerate(shapes)
    ]
    path = tmp_path / "landuse.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = named_report(read_city([path]), "land_use")
    assert (report.read, report.loaded) == (4, 1)
    assert sorted(r.why for r in report.refusals) == [
        "empty_geometry",
        "wrong_geometry",
        "wrong_geometry",
    ]


def test_values_in_chinese_and_land_use_codes_are_understood(tmp_path):
    shapes = [box(121.4 + i / 100, 29.87, 121.405 + i / 100, 29.875) for i in range(4)]
    frame = gpd.GeoDataFrame(
        {
            "YDYHFLDM": ["0701", "080403", "1401", "9999"],
            "YDYHFLMC": [None, None, "公园绿地", None],
        },
        geometry=shapes,
        crs=4490,
    )
    frame.to_file(tmp_path / "现状用地.gpkg")
    land = read_city([tmp_path]).layer("land_use")
    assert land.use.tolist() == ["residential", "education", "park", "other"]
    assert land.scheme.unique().tolist() == ["guide2023"]
    assert land.code.tolist() == ["0701", "080403", "1401", "9999"]


def test_nothing_usable_is_an_error_that_says_what_was_left_out(tmp_path):
    (tmp_path / "readme.md").write_text("hello")
    with pytest.raises(InputError, match=r"Nothing to read in .*readme\.md is left out"):
        read_city([tmp_path])


def test_frames_given_to_the_reader_stay_as_they_were():
    from spatial.city.raw import RawLayer
    from spatial.city.read import assemble_city

    frame = gpd.GeoDataFrame(
        {"name": ["a"]},
        geometry=[Polygon([(121, 29), (121.01, 29.01), (121.01, 29), (121, 29.01)])],
        index=["1"],
        crs=4490,
    )
    before = frame.copy(deep=True)
    assemble_city("test", [RawLayer("neighbourhoods", "test", frame)])
    assert frame.equals(before)
    assert shapely.equals_exact(frame.geometry.iloc[0], before.geometry.iloc[0])
