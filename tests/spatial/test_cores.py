"""Work on all cores: order, bounded waiting, errors and early ends."""

import threading

import pytest

from spatial.cores import beside, in_order, slices
from spatial.errors import CancelledError


def test_answers_come_in_the_order_of_the_items_whatever_the_number_of_cores():
    items = list(range(57))
    for cores in (1, 2, 5):
        assert list(in_order(lambda i: i * i, items, cores=cores)) == [i * i for i in items]


def test_slices_cover_every_row_once():
    rows = [i for part in slices(103, 10) for i in range(103)[part]]
    assert rows == list(range(103))
    assert slices(0, 10) == []


def test_an_error_of_one_piece_reaches_the_reader():
    def work(item):
        if item == 7:
            raise ValueError("seven")
        return item

    with pytest.raises(ValueError, match="seven"):
        list(in_order(work, list(range(20)), cores=2))


def test_a_reader_that_stops_leaves_the_rest_undone():
    begun, gate = [], threading.Event()

    def work(item):
        begun.append(item)
        if item > 0:
            gate.wait(5)
        return item

    answers = in_order(work, list(range(200)), cores=2)
    assert next(answers) == 0
    gate.set()
    answers.close()
    assert len(begun) < 20


def test_what_runs_beside_a_block_answers_inside_it():
    with beside() as aside:
        begun = aside.begin(lambda progress: [progress("drawing", i / 3) for i in range(3)])
        assert begun.result() == [None, None, None]


def test_what_runs_beside_a_block_ends_with_it():
    begun, left, ended = threading.Event(), threading.Event(), threading.Event()

    def work(progress):
        try:
            begun.set()
            left.wait(5)
            progress("drawing", 0.5)
        finally:
            ended.set()

    with pytest.raises(ValueError, match="elsewhere"), beside() as aside:  # noqa: PT012
        answer = aside.begin(work)
        begun.wait(5)
        raise ValueError("elsewhere")
    left.set()
    assert ended.wait(5)
    assert isinstance(answer.exception(5), CancelledError)


def test_an_error_beside_a_block_reaches_whoever_asks():
    def work(progress):
        raise ValueError(f"seven {progress}")

    with beside() as aside, pytest.raises(ValueError, match="seven"):
        aside.begin(work).result()
