"""The command line: messages and exit codes that a script can rely on."""

import json
import re
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
from shapely import LineString, Point, box

from app.cli import main
from app.words import WORDS
from spatial.dictionary import data_dictionary

COMMANDS = ("analyse", "check", "import", "serve", "demo", "profiles")


@pytest.fixture(scope="module")
def village(tmp_path_factory):
    """Two walled neighbourhoods on one street, a kindergarten at its end; lon/lat in Hangzhou."""
    folder = tmp_path_factory.mktemp("village")
    west, south = 120.10, 30.30
    step = 0.001

    def write(layer, geometry, **columns):
        frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=4326)
        frame.to_file(folder / f"{layer}.geojson", driver="GeoJSON")

    at = lambda x, y: (west + x * step, south + y * step)  # noqa: E731
    write(
        "streets",
        [LineString([at(-3, 0), at(0, 0), at(3, 0), at(9, 0)]), LineString([at(3, 0), at(3, 6)])],
        highway=["residential", "residential"],
    )
    write(
        "neighbourhoods",
        [box(*at(-2, 0.3), *at(0, 2)), box(*at(0.2, 0.3), *at(2.5, 2))],
        name=["红旗新村", "翠竹苑"],
        year_built=[1985, 1998],
        households=[300, 420],
    )
    write("gates", [Point(at(-1, 0.3)), Point(at(1, 0.3))], kind=["gate", "gate"])
    write("facilities", [Point(at(2, -0.1))], kind=["kindergarten"], name=["第一幼儿园"])
    return folder


@pytest.mark.parametrize(("language", "word"), [("zh", "片区"), ("en", "districts")])
def test_help_is_in_the_language_asked_for_and_names_every_command(capsys, language, word):
    with pytest.raises(SystemExit) as stop:
        main(["--lang", language, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert word in text
    for command in COMMANDS:
        assert command in text


def test_every_phrase_is_there_in_both_languages_with_the_same_gaps():
    for key, (zh, en) in WORDS.items():
        assert zh, key
        assert en, key
        assert sorted(re.findall(r"{(\w+)", zh)) == sorted(re.findall(r"{(\w+)", en)), key


def test_a_wrong_command_exits_with_2():
    with pytest.raises(SystemExit) as stop:
        main(["dance"])
    assert stop.value.code == 2


def test_a_missing_file_exits_with_3_and_is_named(capsys, tmp_path):
    code = main(["--lang", "en", "check", str(tmp_path / "nowhere.gpkg")])
    assert code == 3
    assert "nowhere.gpkg" in capsys.readouterr().err


def test_a_table_without_one_usable_row_is_refused_with_plain_numbers_in_both_languages(
    capsys, tmp_path
):
    metres, blank = tmp_path / "facilities.csv", tmp_path / "neighbourhoods.csv"
    metres.write_text("name,x,y\na,512.5,3000\n")
    blank.write_text("name,lon,lat\na,abc,30\nb,,\n")
    told = {}
    for path in (metres, blank):
        for language in ("zh", "en"):
            assert main(["--lang", language, "check", str(path)]) == 3
            told[path.name, language] = capsys.readouterr().err
    assert "np.float64" not in "".join(told.values())
    assert "(512.5, 3000)" in told["facilities.csv", "en"]
    assert "首个坐标 (512.5, 3000)" in told["facilities.csv", "zh"]
    assert "neighbourhoods.csv (2 rows read)" in told["neighbourhoods.csv", "en"]
    assert "`lon`, `lat` hold no readable coordinates" in told["neighbourhoods.csv", "en"]
    assert "读入 2 行" in told["neighbourhoods.csv", "zh"]


def test_errors_of_the_engine_come_in_the_language_asked_for(capsys, tmp_path):
    nowhere = str(tmp_path / "nowhere.gpkg")
    assert main(["--lang", "zh", "check", nowhere]) == 3
    told = capsys.readouterr().err
    assert "没有文件或文件夹" in told
    assert "there is no file" not in told


def test_an_unknown_profile_exits_with_3_and_says_which_exist(capsys, village, tmp_path):
    code = main(
        ["--lang", "en", "analyse", str(village), "--profile", "atlantis", "--out", str(tmp_path)]
    )
    assert code == 3
    assert "national" in capsys.readouterr().err


def test_check_prints_counts_that_add_up(capsys, village):
    assert main(["check", str(village), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    layers = {layer["layer"]: layer for layer in report["layers"]}
    assert layers["neighbourhoods"]["loaded"] == 2
    assert layers["streets"]["loaded"] == 2
    for layer in report["layers"]:
        assert layer["read"] == layer["loaded"] + len(layer["refusals"]) + layer["merged"]


def test_a_strict_check_exits_with_3_when_a_row_is_refused(capsys, tmp_path):
    rows = "name,lon,lat\n甲,120.1,30.3\n乙,,\n"
    (tmp_path / "facilities.csv").write_text(rows, encoding="utf-8")
    source = f"facilities={tmp_path / 'facilities.csv'}"
    assert main(["check", source]) == 0
    assert main(["check", source, "--strict"]) == 3
    assert "1" in capsys.readouterr().out


def test_a_wrong_walker_is_refused_before_anything_is_read(capsys, tmp_path):
    code = main(
        ["--lang", "en", "analyse", "nowhere", "--walking", "bird", "--out", str(tmp_path / "o")]
    )
    assert code == 3
    assert "adult" in capsys.readouterr().err


def test_analyse_writes_geopackage_offline_map_and_summary(capsys, village, tmp_path):
    out = tmp_path / "results"
    assert main(["--lang", "zh", "analyse", str(village), "--year", "2026", "--out", str(out)]) == 0
    page = (out / "map.html").read_text(encoding="utf-8")
    assert "红旗新村" in page or "红旗新村".encode("unicode_escape").decode() in page
    layers = {name for name, _ in pyogrio.list_layers(out / "city.gpkg")}
    assert set(data_dictionary().results) <= layers
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))["summary"]
    assert summary["neighbourhoods"]["count"] == 2
    assert summary["neighbourhoods"]["households"] == 720
    assert "小区:2 个" in (out / "summary.txt").read_text(encoding="utf-8")
    assert "已写出" in capsys.readouterr().out


def test_the_offline_map_names_no_other_host(village, tmp_path):
    assert main(["analyse", str(village), "--year", "2026", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert not re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'<)]+", page)


def test_the_same_input_gives_the_same_data_version_and_figures(village, tmp_path):
    for run in ("first", "second"):
        assert main(["analyse", str(village), "--year", "2026", "--out", str(tmp_path / run)]) == 0
    first, second = ((tmp_path / run / "summary.json").read_text() for run in ("first", "second"))
    assert first == second


def test_ctrl_c_leaves_nothing_half_written(monkeypatch, capsys, village, tmp_path):
    import spatial.outputs.folder

    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(spatial.outputs.folder, "city_map", interrupted)
    out = tmp_path / "results"
    assert main(["analyse", str(village), "--year", "2026", "--out", str(out)]) == 130
    assert list(out.iterdir()) == []
    assert capsys.readouterr().err


def test_profiles_are_listed_by_name(capsys):
    assert main(["--lang", "en", "profiles"]) == 0
    listed = capsys.readouterr().out
    for profile in ("national", "ningbo", "chongqing", "linxia"):
        assert profile in listed


@pytest.mark.postgis
def test_import_stores_a_city_once_and_keeps_its_version(
    monkeypatch, capsys, village, database_url
):
    from app.store import Store

    monkeypatch.setenv("DATABASE_URL", database_url)
    arguments = ["--lang", "en", "import", str(village), "--id", "village", "--year", "2026"]
    for _ in range(2):
        assert main(arguments) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("stored: village, data version ")
    store = Store(database_url)
    try:
        assert store.has_city("village")
    finally:
        store.close()


@pytest.mark.postgis
@pytest.mark.parametrize("sign", ["SIGINT", "SIGTERM"])
def test_serve_says_when_it_answers_and_ends_with_its_worker(
    monkeypatch, database_url, tmp_path, sign
):
    import os
    import signal
    import socket
    import subprocess
    import sys
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": database_url, "LINLI_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "app.cli", "--lang", "en", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        try:
            said = running.stderr.readline()
            assert f"http://127.0.0.1:{port}" in said
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health") as answer:
                assert json.load(answer)["status"] == "ok"
            monkeypatch.setenv("DATABASE_URL", database_url)
            assert main(["serve", "--port", str(port)]) == 6  # the port is taken
            children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
            assert children
        finally:
            running.send_signal(signal.Signals[sign])
            code = running.wait(60)
    assert code in {0, 130}
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_a_database_that_does_not_answer_exits_with_4(monkeypatch, capsys, village):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["--lang", "en", "import", str(village), "--id", "village"]) == 4
    assert "127.0.0.1" in capsys.readouterr().err


@pytest.mark.postgis
def test_a_second_demo_keeps_what_is_stored_and_another_seed_is_another_city(
    monkeypatch, capsys, database_url
):
    from app.store import Store

    monkeypatch.setenv("DATABASE_URL", database_url)
    demo = ["--lang", "en", "demo", "--size", "24", "--no-serve"]
    assert main(demo) == 0
    assert "already stored" not in capsys.readouterr().err
    assert main(demo) == 0
    assert "already stored" in capsys.readouterr().err
    assert main([*demo, "--seed", "7"]) == 0
    store = Store(database_url)
    try:
        assert store.has_city("demo-24-2026")
        assert store.has_city("demo-24-7")
    finally:
        store.close()
