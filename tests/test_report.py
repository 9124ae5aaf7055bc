"""The text of a report: headline, error budget, levels, samples, limits and provenance."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from moiety import InputError
from moiety.base.words import digits, measured
from moiety.estimation.history import History
from moiety.report.result import _provenance
from moiety.results import plots
from moiety.results.types import Check, CrossCheck, ScaleEntropy, Status
from pages import make_result, page

METHOD, BUDGET, LEVELS, LIMITS = (
    "Method",
    "Error budget",
    "Scale by scale",
    "Limits of this estimate",
)


@pytest.fixture
def no_figures(monkeypatch):
    """Figures take most of the time; most tests only read the text."""
    monkeypatch.setattr("moiety.report._figures.inline_svg", lambda *_: "")


@pytest.mark.usefixtures("no_figures")
def test_headline():
    text = page(make_result(entropy=0.491614)).text
    assert "s = 0.49161 ± 0.00074 nats/site ✓ ok: every check passed" in text
    assert "Entropy of ising-square, 8x8 sites, temperature = 2.7" in text
    assert "exact" not in text.split(METHOD)[0] and "cross-check" not in text


@pytest.mark.usefixtures("no_figures")
def test_comparisons_are_in_units_of_the_error():
    result = make_result(entropy=0.4916, cross_check=CrossCheck(0.4900, 0.0010))
    text = page(result, exact=0.491155).text
    exact = "this estimate − exact value: +0.00044 (0.6 standard errors)"
    assert f"exact value 0.491155 nats/site {exact}" in text
    # (0.4916 - 0.4900) / hypot(0.00074, 0.0010)
    other = "this estimate − cross-check: +0.0016 (1.3 standard errors)"
    assert f"0.4900 ± 0.0010 nats/site {other}" in text


@pytest.mark.usefixtures("no_figures")
def test_the_entropy_by_scale():
    scales = (
        ScaleEntropy("spacing 8", 1 / 64, 0.69, 0.02),
        ScaleEntropy("spacing 1, odd x", 63 / 64, 0.6, 0.001),
    )
    plain = CrossCheck(0.49, 0.001)
    report = page(make_result(cross_check=replace(plain, scales=scales)))
    assert report.row("spacing 8") == ["spacing 8", "1.562%", "0.690 ± 0.020", "0.01078"]
    assert report.row("spacing 1, odd x")[1:] == ["98.438%", "0.6000 ± 0.0010", "0.59062"]
    assert "Entropy by scale" not in page(make_result(cross_check=plain)).text


@pytest.mark.usefixtures("no_figures")
def test_a_doubtful_result_says_so_first():
    checks = Check("bounds agree", True, "fine"), Check("chains mixed", False, "chains disagree")
    report = page(make_result(status=Status(checks)))
    head = report.text.split(METHOD)[0]
    assert "✗ doubtful: 1 of 2 checks failed chains disagree" in head and "✓ ok" not in head
    assert report.row("chains mixed") == ["chains mixed", "✗ fail", "chains disagree"]
    assert report.row("bounds agree") == ["bounds agree", "✓ pass", "fine"]


@pytest.mark.usefixtures("no_figures")
def test_error_budget():
    budget = {"base": 6.1e-6, "training": 0.0003, "samples": 0.0004, "novel": 0.0}
    text = page(make_result(budget=budget)).text
    parts = text.split(BUDGET)[1].split(LEVELS)[0]
    in_order = [
        "samples 0.00040 64%",
        "training 0.00030 36%",
        "too large",
        "base 6.1 × 10⁻⁶ 0%",
        "novel 0 0% total 0.00074",
    ]
    assert re.search(".*".join(map(re.escape, in_order)), parts)


@pytest.mark.usefixtures("no_figures")
def test_every_level_is_a_row():
    result, report = make_result(), page()
    for level in result.levels:
        row = report.row(str(level.level), "x".join(map(str, level.shape)))
        m, weight = level.mutual_information, level.weight
        assert row[2] == str(level.volume)
        faces = "2 × " if level.faces == 2 else ""
        assert row[3] == f"{faces}{level.interface // level.faces}"
        assert row[4] == measured(m, 0.0042)
        assert row[5] == measured(0.1, 0.0042 / level.interface)
        assert row[6] == measured(-weight * m, weight * 0.0042)
        status = "" if level.status == level.source else f" : {level.status}"
        assert row[7] == level.source + status
        assert row[8] == ("0.0031" if level.bounds else "–")
    assert report.row("2x2", "64") == ["2x2", "64", "524288", "2.5000 ± 0.0012"]


@pytest.mark.usefixtures("no_figures")
def test_every_source_is_a_row():
    result, report = make_result(), page()
    for name, number in zip(plots.SOURCES, "312", strict=True):
        levels = [level for level in result.levels if level.source == name]
        change = -sum(level.weight * level.mutual_information for level in levels)
        row = next(row for row in report.rows if row[0].startswith(f"{name} "))
        assert row[1:] == [number, f"{change:.5f}".replace("-", "−")]


@pytest.mark.usefixtures("no_figures")
def test_samples_and_provenance():
    report = page()
    assert report.row("effective samples")[1] == "1995"
    assert report.row("tau_int")[1] == "0.513"
    assert report.row("R-hat")[1] == "1.0021"
    expected = [
        ["critic › reach", "5, 3"],
        ["excess", "no"],
        ["seed", "7"],
        ["parameters › temperature", "2.7"],
        ["counting", "0.37 s"],
        ["total", "2 h 3 min"],
    ]
    assert all(row in report.rows for row in expected)
    assert not re.search(r"[{\[]'|\b(None|True|False|Markup|nan)\b", report.text)


def test_nested_provenance_becomes_groups_of_rows():
    groups = _provenance(
        {"a": {"b": {"c": [1, {"d": None}]}, "e": {}}, "f": True, "g": {}, "h": 0.1 + 0.2}
    )
    assert groups == [
        ("this estimate", [("f", "yes"), ("g", "–"), ("h", "0.3")]),
        ("a", [("b › c", "1, d: –"), ("e", "–")]),
    ]


@pytest.mark.usefixtures("no_figures")
def test_limits_are_about_this_result():
    limits = page().text.split(LIMITS)[1]
    assert "Missing M raises s" in limits and "log N = 7.60" in limits
    largest = "largest estimated M is 0.400 nats (halves of 2x4), which is below this limit"
    assert largest in limits
    assert "2 of 6 levels (area law), which contribute 0.050 nats/site" in limits
    few = make_result(samples={"n": 1, "effective": 1.2})
    assert "above this limit." in page(few).text
    counted = page(make_result((2, 2))).text.split(LIMITS)[1]
    assert "Missing M" not in counted and "Extrapolated" not in counted


@pytest.mark.usefixtures("no_figures")
def test_excess_entropies_have_their_own_symbol():
    report = page(make_result(provenance={"configuration": {"excess": True}}))
    assert "Δs = " in report.text and "in excess of independent single sites" in report.text
    assert "in excess" not in page().text


def test_training_of_the_chain_rule():
    falling = (-0.60, -0.45, -0.41, -0.40)
    history = History((25, 50, 75, 100), falling, falling, falling, falling)
    result = make_result((2, 2), cross_check=CrossCheck(0.4, 0.002, 0.001, 0.002, (history,) * 2))
    caption = "The chain rule: up to 100 steps; gain of the second half at most 0.050 nats/site."
    assert caption in page(result).text
    axes = plots.chain_rule_training(result, Figure().subplots())
    curves = [list(line.get_ydata()) for line in axes.get_lines()[:2]]
    assert curves == [[0.60, 0.45, 0.41, 0.40]] * 2
    with pytest.raises(InputError, match="no training curves"):  # negative control
        plots.chain_rule_training(make_result(), Figure().subplots())


@pytest.mark.parametrize(
    ("value", "count", "text"),
    [
        (0.000302, 2, "0.00030"), (6.1e-6, 2, "6.1 × 10⁻⁶"), (2048.0, 6, "2048"),
        (123456789, 4, "1.235 × 10⁸"), (-0.5, 1, "−0.5"), (0.0, 2, "0"), (np.nan, 2, "unknown"),
        (np.inf, 2, "∞"),
    ],
)  # fmt: skip
def test_digits(value, count, text):
    assert digits(value, count) == text


GAS = {"kind": "particles", "particles": 64.0, "density": 0.5, "shape": [11.3, 11.3]}


@pytest.mark.usefixtures("no_figures")
def test_the_unit_of_length_of_particles_is_said():
    unit = {"configuration": {"sigma": 3.4, "sigma_origin": "the first peak of g(r)"}}
    plain = make_result(provenance=unit)
    report = page(replace(plain, samples=plain.samples | GAS))
    assert report.row("sigma") == ["sigma", "3.4", "unit of length: the first peak of g(r)"]


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("resolution", [None, 10])
def test_limits_name_a_resolution_only_where_there_is_one(resolution):
    plain = make_result()
    report = page(
        replace(
            plain, samples=plain.samples | GAS | ({"resolution": resolution} if resolution else {})
        )
    )
    limits = report.text.split(LIMITS)[1]
    assert "Crops of a periodic box stand for crops of an infinite system." in limits
    assert ("Positions are known to 10 pixels per diameter" in limits) == (resolution is not None)
    assert ("Finite resolution" in limits) == (resolution is not None)
