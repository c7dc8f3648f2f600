"""A scenario as JSON: what is written is read again; what is wrong is named by its position."""

import pytest
import shapely

from spatial.errors import InputError
from spatial.scenarios import (
    AddFacility,
    BuildLink,
    ChangePopulation,
    CloseFacility,
    CloseGate,
    CutLink,
    OpenGate,
    OpenWall,
    ResizeFacility,
    changes_from_json,
    changes_to_json,
)

X, Y = 500_000.0, 3_400_000.0
CHANGES = (
    AddFacility("new-1", "kindergarten", X, Y, capacity=180.0),
    AddFacility("new-2", "clinic", X + 5, Y, floor_m2=300.0),
    CloseFacility("f1"),
    ResizeFacility("f2", floor_m2=1200.0),
    OpenGate(X, Y + 7),
    CloseGate("g1"),
    OpenWall(X + 3, Y),
    BuildLink(shapely.LineString([(X, Y), (X + 40, Y + 9), (X + 80, Y)])),
    CutLink(X + 9, Y + 9),
    ChangePopulation("n1", 420.0),
)


def test_changes_survive_json_to_a_tenth_of_a_millimetre():
    again = changes_from_json(changes_to_json(CHANGES, 4547), 4547)
    assert [type(change) for change in again] == [type(change) for change in CHANGES]
    for old, new in zip(CHANGES, again, strict=True):
        for name in old.__slots__:
            before, after = getattr(old, name), getattr(new, name)
            if name == "line":
                assert after.hausdorff_distance(before) < 2e-4
            elif name in {"x_m", "y_m"}:
                assert after == pytest.approx(before, abs=2e-4)
            else:
                assert after == before


def test_json_that_was_read_is_written_as_it_was():
    items = changes_to_json(CHANGES, 4547)
    assert changes_to_json(changes_from_json(items, 4547), 4547) == items


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"op": "grow"}, "`op` is 'grow'"),
        ("close", "give an object"),
        ({"op": "close_gate"}, "`id` is missing"),
        ({"op": "close_gate", "id": 7}, "`id` is 7"),
        ({"op": "close_gate", "id": "g", "kind": "x"}, "unknown key `kind`"),
        ({"op": "open_wall", "lon": "a", "lat": 2}, "is no place"),
        ({"op": "open_wall", "lon": 200, "lat": 2}, "outside the earth"),
        ({"op": "open_wall", "lon": float("nan"), "lat": 2}, "is no place"),
        ({"op": "build_link", "coordinates": [[114, 30]]}, "at least two places"),
        ({"op": "build_link", "coordinates": [[114, 30], [114, 30]]}, "no length"),
        ({"op": "change_population", "id": "n"}, "`persons` is missing"),
        ({"op": "change_population", "id": "n", "persons": -1}, "0 or more"),
        ({"op": "resize_facility", "id": "n"}, "changes nothing"),
        (
            {"op": "add_facility", "id": "a", "kind": "k", "lon": 1, "lat": 1, "capacity": True},
            "`capacity` is True",
        ),
    ],
)
def test_a_change_that_cannot_be_understood_is_named_by_its_position(item, said):
    with pytest.raises(InputError) as told:
        changes_from_json([{"op": "close_gate", "id": "g1"}, item], 4547)
    assert str(told.value).startswith("Change 2")
    assert said in str(told.value)
    assert told.value.message_zh.startswith("第 2 项变更")
