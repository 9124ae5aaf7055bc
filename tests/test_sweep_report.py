"""The page of a sweep shows the contents of its store, and stands alone."""

import json
import re
from types import SimpleNamespace

import pytest

from moiety import InputError
from moiety.report import render_sweep_report, write_sweep_report
from moiety.report.charts import Chart, Series, as_json
from moiety.report.curves import curves
from moiety.sweep import Plan, Store
from sweep_pages import HOSTILE, TEMPERATURES, fill_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return fill_store(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def page(store):
    return render_sweep_report(store)


@pytest.fixture(scope="module")
def data(page):
    """The data for the script of the page."""
    element = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(element[1])


def series_of(data, chart, name):
    return next(
        series
        for other in data["charts"]
        if other["name"] == chart
        for series in other["series"]
        if series["name"] == name
    )


def test_charts_hold_the_numbers_of_the_store(data):
    names = [chart["name"] for chart in data["charts"]]
    assert names == ["entropy", "differences", "information", "slopes"]
    temperatures = sorted(TEMPERATURES)
    estimate = series_of(data, "entropy", "estimate, size 4")
    assert estimate["x"] == temperatures and estimate["error"] == [0.002] * len(temperatures)
    assert estimate["y"] == pytest.approx([0.15 * temperature for temperature in temperatures])
    short = series_of(data, "entropy", "estimate, size 8")
    assert len(short["x"]) == len(temperatures) - 2  # one failed, one is left
    apart = series_of(data, "differences", "estimate − chain rule, size 8")
    assert apart["y"] == [0.001] * 5 and apart["error"] == [0.0025] * 5
    exact = series_of(data, "entropy", "exact, size 4")
    deviation = series_of(data, "differences", "estimate − exact, size 4")
    expected = [a - b for a, b in zip(estimate["y"], exact["y"], strict=True)]
    assert deviation["y"] == pytest.approx(expected, abs=1e-5)
    assert "compression" in data["charts"][0]["off"]


def test_m_per_site_is_that_of_the_cut_divided_by_its_interface(data):
    chart = next(chart for chart in data["charts"] if chart["name"] == "information")
    whole, each = [
        series
        for series in chart["series"]
        if series["tags"]["curve"] == "size 8" and series["tags"]["halves"] == "4x8"
    ]
    assert [whole["unit"], each["unit"]] == ["M (nats)", "M / interface (nats/site)"]
    expected = [16 * value for value in each["y"]]  # two faces of 8 sites
    assert whole["y"] == pytest.approx(expected, rel=1e-4)


def test_the_peak_of_the_slope_is_at_the_right_temperature(page):
    rows = re.findall(r"<tr><td>size 4</td><td>2x4</td>.*?>([\d.]+) ± ([\d.]+)</td></tr>", page)
    place, error = map(float, rows[0])
    assert abs(place - 2.3) < 3 * error < 0.6


def test_checks_and_state_points_are_rows(page):
    text = " ".join(re.sub(r"<[^>]+>", " ", page.split("<h2>Checks")[1]).split())
    assert "cross-check ✗ 11 of 12 size 4, temperature 2.4 ladder" in text
    assert "ladder ✓ 12 of 12" in text
    assert "routes differ" in text and "size 8, temperature 1.6 left" in text
    assert "256 samples, effective sample size 250" in text
    assert "12 of 14 state points" in page and "✗ 1 doubtful" in page and "✗ 1 failed" in page
    assert page.count('class="unfold"') == 12


def test_training_curves_of_every_state_point(data):
    trainings = data["trainings"]
    assert len(trainings) == 14 and not trainings[-1]
    first, *_, rule = trainings[0]
    assert [len(fold["steps"]) for fold in first["folds"]] == [3, 2]
    assert (rule["of"], rule["unit"]) == ("chain rule", "bound on s (nats/site)")
    assert first["floor"] and not rule["floor"]  # s of continuous states may be negative
    assert rule["folds"][0]["bound"][-1] == pytest.approx(rule["value"], abs=0.002)


def test_nothing_in_a_store_becomes_html(page):
    assert HOSTILE not in page and "&lt;/script&gt;&lt;img" in page
    assert "<" not in as_json({HOSTILE: Chart("a", HOSTILE, "y", [Series(HOSTILE, [1.0], [2.0])])})
    assert not re.search(r'(src|href)="(?!#|data:)', page)


MARKOV = {"name": "markov-chain", "size": 8, "stay": [0.6, 0.9], "chain": False}
ISING = {"name": "ising-square", "size": 4, "temperature": 2.0}


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (MARKOV, [("", "stay", [0.6, 0.9])]),
        ({**ISING, "size": [4, 8]}, [("", "size", [4.0, 8.0])]),
        (ISING, [("", "temperature", [2.0])]),
        (
            {**ISING, "temperature": [2.0, 3.0], "field": [0.0, 0.1]},
            [("field 0", "temperature", [2.0, 3.0]), ("field 0.1", "temperature", [2.0, 3.0])],
        ),
    ],
)
def test_curves_of_any_axis(grid, expected):
    points = [SimpleNamespace(point=point) for point in Plan.of({"system": [grid]}).points]
    assert [(str(curve), curve.along, curve.x) for curve in curves(points)] == expected


def test_the_command_writes_the_page(store, tmp_path, run):
    path = tmp_path / "sweep.html"
    done = run("report", store.folder, "--out", path)
    assert (done.code, done.out, done.err) == (0, "", f"wrote {path}\n")
    assert "12 of 14 state points" in path.read_text(encoding="utf-8")
    assert "exists already" in run("report", store.folder, "--out", path).err


def test_folders_without_a_result_are_refused(tmp_path, run):
    (tmp_path / "other").mkdir()
    empty, planned = Store(tmp_path / "empty"), Store(tmp_path / "planned")
    planned.save_plan(Plan.of({"system": [ISING]}))
    for folder, message in (
        ("other", "holds no sweep"),
        ("empty", "run moiety sweep again"),
        ("planned", "no state point is finished"),
    ):
        done = run("report", tmp_path / folder, "--out", tmp_path / "page.html")
        assert (done.code, done.out) == (2, "")
        assert message in done.err and done.err.count("\n") == 1
    with pytest.raises(InputError, match="end the name in .html"):
        write_sweep_report(empty, tmp_path / "page.txt")
    assert not list(tmp_path.glob("page*"))
    assert not list((tmp_path / "other").iterdir())
