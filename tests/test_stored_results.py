"""Results in files: other shapes of the JSON are refused in one line, flipped bits are noticed."""

import copy
import json

import h5py
import numpy as np
import pytest

from io_examples import refusal
from moiety import EntropyResult, InputError
from pages import make_result

ATTRIBUTE = "moiety_result"


@pytest.fixture
def write(tmp_path):
    """Replace the JSON in a file of a result."""

    def altered(text):
        path = tmp_path / "x.nc"
        make_result().save(path, force=True)
        with h5py.File(path, "a") as file:
            file.attrs[ATTRIBUTE] = text
            del file.attrs["moiety_digest"]
        return path

    return altered


def test_the_unchanged_json_is_read(write):
    text = json.dumps(make_result().to_dict())
    assert EntropyResult.load(write(text)).to_dict() == make_result().to_dict()


ALTERED = {
    "text": ("entropy", "high", "its field entropy is not valid (input should be a valid number)"),
    "nothing": ("levels", None, "its field levels"),
    "a list": ("budget", [], "its field budget"),
    "numbers": ("levels", [1], "its field levels.0"),
    "a check": ("status", {"checks": [{"name": "x"}]}, "its field status.checks.0.passed"),
    "a status": ("status", [], "its field status"),
    "samples": ("samples", {"n": "many"}, "its field samples.n"),
    "too large": ("budget", {"samples": 1e300}, "its field budget.samples cannot be 1e+300"),
    "negative": ("error", -1.0, "its field error cannot be -1"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_fields_of_another_type(write, name):
    field, value, message = ALTERED[name]
    text = json.dumps({**make_result().to_dict(), field: value})
    assert message in refusal(write(text), EntropyResult.load)
    without = {key: part for key, part in make_result().to_dict().items() if key != field}
    assert f"its field {field}" in refusal(write(json.dumps(without)), EntropyResult.load)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", "[" * 10**5, "{}", '"x"'])
def test_other_json(write, text):
    refusal(write(text), EntropyResult.load)


def test_deep_nesting():
    mapping = make_result().to_dict()
    for _ in range(10**5):
        mapping["provenance"] = {"a": mapping["provenance"]}
    with pytest.raises(InputError, match="nested too deeply"):
        EntropyResult.from_dict(mapping)
    while isinstance(mapping := mapping.get("provenance", mapping.get("a")), dict) and mapping:
        pass  # freed from the outside: Python frees deep nesting by recursion


def places(value, path=()):
    """Paths of all values in JSON; of lists, the first two."""
    yield path
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value[:2]):
            yield from places(part, (*path, key))


@pytest.mark.parametrize("value", [None, [], {}, "x", -1, True, [[1]]], ids=repr)
def test_every_mutation_is_refused_or_read(value):
    """No exception but `InputError`, at any place of the JSON."""
    refused, base = 0, make_result().to_dict()
    for path in places(base):
        mapping = copy.deepcopy(base)
        if path:
            *above, last = path
            part = mapping
            for key in above:
                part = part[key]
            part[last] = value
        try:
            str(EntropyResult.from_dict(mapping if path else value))
        except InputError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1
    assert refused > 5


def test_flipped_bits_of_a_result_are_never_read_as_another(tmp_path):
    """HDF5 has no checksum for attributes, so results carry one of their own."""
    path, rng = tmp_path / "x.nc", np.random.default_rng(3)
    result = make_result(shape=(64, 64))  # with training curves
    result.save(path)
    saved, content = EntropyResult.load(path), path.read_bytes()
    start = content.index(b'{"entropy"')
    wrong = 0
    for place in [
        *rng.integers(start, start + 3000, size=20),
        *rng.integers(len(content), size=20),
    ]:
        altered = bytearray(content)
        altered[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(altered)
        try:
            assert EntropyResult.load(path) == saved
        except InputError:
            wrong += 1
    assert wrong >= 20  # every bit of the JSON counts
