"""A part of validation/record.py: the numbers of small estimates stay what they were."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CASES = ("baselines", "square", "rods")
# Processors round differently, and training amplifies that: after fifty steps of Adam the numbers
# may differ by a small part of their error.  Counted numbers depend on no training.
SHARE_OF_ERROR = 0.05
ROUNDING = 1e-9


@pytest.fixture(scope="module")
def record():
    spec = importlib.util.spec_from_file_location("record", ROOT / "validation" / "record.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changed(before, now):
    """Entropies, errors and counted numbers that are no longer the same."""
    scale = before.get("/error", 0.0) * SHARE_OF_ERROR
    trained = [path for path in ("/entropy", "/cross_check/entropy") if path in before]
    moved = [path for path in trained if abs(before[path] - now[path]) > scale + ROUNDING]
    counted = [path for path in before if path.startswith(("/bases", "/samples", "/0", "/1"))]
    numbers = [path for path in counted if isinstance(before[path], float)]
    return moved + [
        path for path in numbers if before[path] != pytest.approx(now[path], abs=ROUNDING)
    ]


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_the_record(record, name):
    before, now = json.loads(record.RECORD.read_text())[name], record.recorded(name)
    assert before.keys() == now.keys()
    assert not changed(before, now)


def test_another_number_would_be_noticed():
    before = {"/entropy": 0.3, "/error": 0.01, "/bases/0/entropy": 2.0}
    assert not changed(before, before)
    assert changed(before, {**before, "/entropy": 0.301}) == ["/entropy"]
    assert changed(before, {**before, "/bases/0/entropy": 2.001}) == ["/bases/0/entropy"]
