"""A kept network is the network that was written, or an error that says why not."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from spatial.network import (
    NetworkFileError,
    build_network,
    kept_network,
    network_key,
    open_network,
    write_network,
)
from spatial.network.disk import SAYS
from spatial.network.texts import Texts
from spatial.standards.parameters import read_parameters
from tests.spatial.network.walking_worlds import line, world

WALKING = read_parameters("walking")


@pytest.fixture(scope="module")
def city():
    bent = line((0, 0), (50, 5), (100, 0))
    return world(streets=[bent, line((100, 0), (100, 70)), line((0, 0), (100, 0))])


@pytest.fixture(scope="module")
def network(city):
    return build_network(city, WALKING)


def test_an_opened_network_equals_the_one_written(network, tmp_path):
    opened = open_network(write_network(network, tmp_path / "kept"), verify=True)
    for item in fields(network):
        if item.name in ("crs", "report", "speed_m_per_s", "street_ids"):
            continue
        assert np.array_equal(getattr(opened, item.name), getattr(network, item.name)), item.name
        assert getattr(opened, item.name).dtype == getattr(network, item.name).dtype
    assert opened.content_hash == network.content_hash
    assert opened.crs == network.crs
    assert opened.report == network.report
    assert opened.edge_street.tolist() == network.edge_street.tolist()
    assert [g.wkt for g in opened.edge_geometry] == [g.wkt for g in network.edge_geometry]


def test_writing_into_an_opened_network_leaves_the_file_alone(network, tmp_path):
    folder = write_network(network, tmp_path / "kept")
    open_network(folder).edge_length_mm[:] = 1
    assert open_network(folder, verify=True).content_hash == network.content_hash


def test_an_empty_network_is_kept_too(tmp_path):
    empty = build_network(world(streets=[]), WALKING)
    opened = open_network(write_network(empty, tmp_path / "kept"), verify=True)
    assert (opened.node_count, opened.edge_count) == (0, 0)
    assert len(opened.edge_geometry) == 0


def test_a_half_written_network_is_named(network, tmp_path):
    folder = write_network(network, tmp_path / "kept")
    (folder / SAYS).unlink()
    with pytest.raises(NetworkFileError, match=r"network\.json is missing"):
        open_network(folder)


@pytest.mark.parametrize("harm", ["gone", "short", "text"])
def test_a_broken_array_is_named(network, tmp_path, harm):
    folder = write_network(network, tmp_path / "kept")
    path = folder / "arc_head.npy"
    if harm == "gone":
        path.unlink()
    elif harm == "short":
        path.write_bytes(path.read_bytes()[:-4])
    else:
        path.write_text("no array")
    with pytest.raises(NetworkFileError, match=r"arc_head\.npy"):
        open_network(folder)


def test_an_array_of_another_form_is_named(network, tmp_path):
    folder = write_network(network, tmp_path / "kept")
    np.save(folder / "arc_head.npy", network.arc_head[:-1])
    with pytest.raises(NetworkFileError, match=r"arc_head\.npy holds"):
        open_network(folder)


def test_a_changed_value_is_found_when_asked(network, tmp_path):
    folder = write_network(network, tmp_path / "kept")
    np.save(folder / "arc_head.npy", network.arc_head[::-1].copy())
    open_network(folder)
    with pytest.raises(NetworkFileError, match=r"arc_head\.npy is damaged"):
        open_network(folder, verify=True)


@pytest.mark.parametrize(("field", "value"), [("format", 0), ("engine_version", "0.0.1")])
def test_a_network_of_an_older_engine_is_named(network, tmp_path, field, value):
    folder = write_network(network, tmp_path / "kept")
    says = json.loads((folder / SAYS).read_text())
    (folder / SAYS).write_text(json.dumps(says | {field: value}))
    with pytest.raises(NetworkFileError, match="was written by engine"):
        open_network(folder)


def test_a_network_of_another_city_is_named(network, tmp_path):
    folder = write_network(network, tmp_path / "kept", key="this")
    with pytest.raises(NetworkFileError, match="made from other input"):
        open_network(folder, key="that")


def test_another_folder_is_never_replaced(network, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(NetworkFileError, match="holds no network"):
        write_network(network, tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear"


def test_a_failed_write_leaves_the_old_network_and_nothing_else(network, tmp_path, monkeypatch):
    folder = write_network(network, tmp_path / "kept")
    calls = []

    def fails(path, values, **choices):
        calls.append(path)
        if len(calls) == 3:
            raise OSError("disk full")
        return save(path, values, **choices)

    save = np.save
    monkeypatch.setattr(np, "save", fails)
    with pytest.raises(OSError, match="disk full"):
        write_network(replace(network, report={}), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert open_network(folder, verify=True).report == network.report


def test_a_network_is_built_once_and_a_spoiled_one_again(city, network, tmp_path):
    made = []

    def build():
        made.append(1)
        return network

    key = network_key(city, WALKING)
    first, why = kept_network(tmp_path, key, build)
    assert (len(made), why) == (1, "")
    second, why = kept_network(tmp_path, key, build)
    assert (len(made), why) == (1, "")
    (tmp_path / key / SAYS).write_text("{")
    third, why = kept_network(tmp_path, key, build)
    assert len(made) == 2
    assert "cannot be read" in why
    assert {n.content_hash for n in (first, second, third)} == {network.content_hash}


def test_the_key_follows_everything_that_the_network_is_made_from(city):
    key = network_key(city, WALKING)
    assert key == network_key(city, WALKING)
    longer = world(streets=[line((0, 0), (50, 5), (100, 0)), line((100, 0), (100, 71))])
    others = [
        network_key(longer, WALKING),
        network_key(city, WALKING, profile="elder"),
        network_key(city, WALKING, gates=city.layer("streets").assign(access="open")),
        network_key(world(streets=[line((0, 0), (9, 0))]), WALKING),
    ]
    assert len({key, *others}) == 5


def test_texts_keep_every_character():
    values = ["way/1", "", "中山路", "a\nb", "🚪"]
    assert Texts.of(values).values.tolist() == values
    assert len(Texts.none().values) == 0
