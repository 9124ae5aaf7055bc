"""Deadlines: time limits, requests to stop, and the time that each training may take."""

from time import perf_counter

import pytest

from moiety.base.deadline import Deadline


def test_time_is_shared_by_effort():
    start = perf_counter() + 1000.0  # in the future, so that all of the time is left
    deadline = Deadline(start, 100.0)
    shares = [deadline.seconds_for_training(0.5, efforts) for efforts in ([3.0, 1.0], [1.0, 1.0])]
    assert shares[0] == pytest.approx(1.5 * shares[1]) and 0 < shares[1] < 0.5 * 1050
    assert Deadline(start).seconds_for_training(0.5, [1.0]) is None
    passed = Deadline(start - 2000.0, 100.0)
    assert passed.seconds_for_training(1.0, [1.0]) == 0.0


def test_a_deadline_is_a_time_or_a_request():
    now = perf_counter()
    half_way = Deadline(now - 50.0, 100.0)
    assert half_way.has_passed(0.4) and not half_way.has_passed(0.6) and not half_way.has_passed()
    asked = Deadline(now, None, lambda: True)
    assert asked.is_over() and not asked.has_passed()
    assert not Deadline(now, None, lambda: False).is_over() and not Deadline(now).is_over()
