"""Figures show the numbers of the result and are legible."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from moiety import InputError, Samples
from moiety.base.words import measured
from moiety.estimation.history import History
from moiety.geometry.cuts import ladder
from moiety.results import plots
from moiety.results.result import EntropyResult
from moiety.results.types import Level, Source, Status

SITE = 0.6931


def history(value, seed, checks=12):
    """A training that starts far below zero and ends at `value`."""
    rng = np.random.default_rng(seed)
    bound = value * (1 - 9 * np.exp(-np.arange(checks))) + 0.01 * rng.normal(size=checks)
    steps = tuple(range(25, 25 * checks + 1, 25))
    return History(steps, *[tuple(bound - offset) for offset in (3, 2, 1)], tuple(bound))


def source_of(place, cuts, counted, extrapolated):
    if place < extrapolated:
        return Source.EXTRAPOLATED
    return Source.COUNTED if place >= cuts - counted else Source.ESTIMATED


def made(shape=(16, 16), *, counted=3, extrapolated=2, density=0.1, error=0.02, folds=2):
    """A result with M = `density` (interface + 0.3)."""
    cuts, levels = ladder(shape, (True,) * len(shape)), []
    for place, cut in enumerate(cuts.cuts):
        source = source_of(place, len(cuts.cuts), counted, extrapolated)
        m = density * (cut.interface + 0.3)
        trained = source == Source.ESTIMATED
        curves = tuple(history(m, fold) for fold in range(folds)) if trained else ()
        bounds = {"donsker-varadhan": m, "nwj": 0.99 * m} if trained else {}
        sides = (cut.level, cut.left, cut.volume, cut.interface, cut.faces, cuts.weight(cut))
        levels.append(Level(*sides, m, error * abs(m), source, "-", bounds, curves))
    s = SITE - sum(level.weight * level.mutual_information for level in levels)
    return EntropyResult(s, 0.0012, {}, tuple(levels), (), Status(()), {})


RESULTS = {
    "square": made(),
    "one level": made((2,), counted=1, extrapolated=0),
    "nothing estimated": made((4, 4), counted=4, extrapolated=0),
    "chain of 24 levels": made((2**24,)),
    "cube": made((32, 32, 32), counted=3, extrapolated=4),
    "odd sides": made((7, 13), folds=4),
    "constant": made((4, 4), counted=4, extrapolated=0, density=0.0),
    "tiny M": made((4, 4), counted=4, extrapolated=0, density=1e-8),
    "negative M": made(density=-0.01),
    "errors unknown": made(error=np.nan),
    "no number": made(density=np.nan),
}


@pytest.fixture
def axes():
    return Figure(figsize=(4.4, 3.2), layout="constrained").subplots()


def drawn(container):
    """x, y and error of an errorbar."""
    line, _, (bars,) = container
    segments = np.array(bars.get_segments())
    return *line.get_data(orig=False), (segments[:, 1, 1] - segments[:, 0, 1]) / 2


@pytest.mark.parametrize(
    ("plot", "per_site"), [(plots.information, False), (plots.information_density, True)]
)
def test_points_are_the_levels(axes, plot, per_site):
    result = made()
    assert plot(result, axes) is axes
    labels = [container.get_label() for container in axes.containers]
    assert labels == ["counted", "estimated", "extrapolated"]
    for container in axes.containers:
        levels = [level for level in result.levels if level.source == container.get_label()]
        unit = np.array([level.interface if per_site else 1 for level in levels])
        volumes, values, errors = drawn(container)
        np.testing.assert_array_equal(volumes, [level.volume for level in levels])
        np.testing.assert_allclose(values, [level.mutual_information for level in levels] / unit)
        np.testing.assert_allclose(errors, [level.error for level in levels] / unit)
    assert axes.get_xlabel() == "volume of the half V (sites)"
    label = "M / interface (nats/site)" if per_site else "mutual information M (nats)"
    assert axes.get_ylabel() == label


def test_axes_of_volume_and_information(axes):
    plots.information(made((64, 64)), axes)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["1", "4", "16", "64", "256", "1024"]
    chain = plots.information(made((2**24,), extrapolated=0), Figure().subplots())
    assert chain.get_yscale() == "linear"  # M is the same at all sizes
    assert chain.get_xticklabels()[-1].get_text() == "2²¹"


def test_bars_lead_from_single_sites_to_the_entropy(axes):
    result = made()
    plots.scales(result, axes)
    bars = sorted(
        (bar for group in axes.containers[:3] for bar in group), key=lambda bar: bar.get_y()
    )
    levels = result.levels[::-1]  # smallest halves at the top
    terms = [-level.weight * level.mutual_information for level in levels]
    np.testing.assert_allclose([bar.get_width() for bar in bars], terms)
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    np.testing.assert_allclose([bar.get_x() for bar in bars], [SITE, *ends[:-1]])
    assert ends[-1] == pytest.approx(result.entropy)
    line, _, (error,) = axes.containers[3]
    assert line.get_xdata() == [result.entropy]
    assert np.ptp(error.get_segments()[0][:, 0]) / 2 == pytest.approx(result.error)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["single site", *("x".join(map(str, level.shape)) for level in levels), "s"]
    assert axes.get_xlabel() == "entropy (nats/site)"
    texts = [text.get_text() for text in axes.texts]
    assert texts[:2] == ["0.6931", f"−{-terms[0]:.4f}"]
    assert texts[-1] == measured(result.entropy, result.error)


def test_training_curves(axes):
    result = made()
    largest = next(level for level in result.levels if level.source == Source.ESTIMATED)
    plots.training(result, axes)
    *curves, value = axes.lines
    for curve, known in zip(curves, largest.histories, strict=True):
        np.testing.assert_array_equal(curve.get_data(), [known.steps, known.bound])
    assert [line.get_label() for line in axes.lines] == ["fold 1", "fold 2", "held-out M ± error"]
    assert value.get_ydata()[0] == largest.mutual_information
    (band,) = axes.patches
    assert band.get_y() == pytest.approx(largest.mutual_information - largest.error)
    assert band.get_height() == pytest.approx(2 * largest.error)
    assert min(largest.histories[0].bound) < axes.get_ylim()[0] < 0  # the start is cut off
    assert axes.get_xlabel() == "training step" and "(nats)" in axes.get_ylabel()


def test_training_of_one_level(axes):
    result = made((7, 13))
    depth = 5
    cuts = [level for level in result.levels if level.level == depth and level.histories]
    assert len(cuts) > 1  # odd sides: several cuts a depth
    lines = plots.training(result, axes, level=depth).lines
    labels = [line.get_label() for line in lines if line.get_label().startswith("fold")]
    sides = ["x".join(map(str, cut.shape)) for cut in cuts]
    assert labels == [f"fold {fold}, {text}" for text in sides for fold in (1, 2)]
    with pytest.raises(InputError, match="level 99 .* levels that have: 2, 3, 4, 5$"):
        plots.training(result, axes, level=99)
    with pytest.raises(InputError, match="have: none"):
        plots.training(RESULTS["nothing estimated"], axes)


@pytest.mark.parametrize(("name", "panels"), [("square", 4), ("nothing estimated", 3)])
def test_overview(name, panels):
    result = RESULTS[name]
    figure = result.plot()
    assert len(figure.axes) == panels
    assert figure.get_suptitle() == f"s = {measured(result.entropy, result.error)} nats/site"


def overlap(boxes):
    return [(a, b) for a, b in pairwise(boxes) if a.overlaps(b)]


def is_inside(box, figure):
    return figure.contains(*box.min) and figure.contains(*box.max)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", RESULTS)
def test_every_result_has_a_legible_figure(name):
    figure = plots.overview(RESULTS[name])
    figure.draw_without_rendering()
    for axes in figure.axes:
        for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
            boxes = [label.get_window_extent() for label in labels if label.get_text()]
            inside = [box for box in boxes if box.width and is_inside(box, figure.bbox)]
            assert inside and not overlap(inside)
        legend, frame = axes.get_legend().get_window_extent(), axes.get_window_extent()
        assert legend.y0 >= frame.y1 - 1 and legend.x1 <= figure.bbox.x1  # above all data
        for text in axes.texts:
            box = text.get_window_extent()
            assert frame.x0 <= box.x0 and box.x1 <= figure.bbox.x1


def test_overlap_is_detected():
    axes = Figure(figsize=(2, 2)).subplots()
    axes.set_xticks(np.linspace(0, 1, 30), labels=["0.123456"] * 30)
    axes.figure.draw_without_rendering()
    assert overlap([label.get_window_extent() for label in axes.get_xticklabels()])


@pytest.mark.parametrize(
    ("values", "axes_option", "shown"),
    [
        (np.ones((32, 4, 6), int), "draw,x,y", (4, 6)),
        (np.ones((80, 5), int), "draw,x", (64, 5)),  # draws of a chain of sites
        (np.ones((32, 3, 4, 5), int), "draw,x,y,z", (3, 4)),
        (np.full((32, 4, 6), -1.5), "draw,x,y", (4, 6)),
    ],
)
def test_configuration(axes, values, axes_option, shown):
    kind = "discrete" if values.dtype == int else "angle"
    plots.configuration(
        Samples.from_array(values, periodic=True, axes=axes_option, kind=kind), axes
    )
    (image,) = axes.get_images()
    assert image.get_array().shape == shown
    assert image.get_array().min() >= image.get_clim()[0]  # angles are reduced to [0, 2 pi)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.396974, 0.00062, "0.39697 ± 0.00062"),
        (10.67, 0.3728, "10.67 ± 0.37"),
        (1234.5, 37.0, "1234 ± 37"),
        (-1e-9, 1e-9, "0.000000 ± 0.000000"),
        (-0.25, 0.0, "−0.25000 ± 0"),
        (0.5, np.nan, "0.50000 ± unknown"),
        (0.5, np.inf, "0.50000 ± unknown"),
        (np.nan, 0.1, "unknown"),
    ],
)
def test_measured(value, error, text):
    assert measured(value, error) == text


def lab(rgb):
    """CIE L*a*b* of linear sRGB, shape (..., 3); distances are perceptual."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.moveaxis(np.cbrt(rgb @ np.transpose(to_xyz) / [0.9505, 1.0, 1.089]), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
              [-0.003882, -0.048116, 1.051998]]  # fmt: skip
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881]]  # fmt: skip


def least_distance(colours):
    """Smallest distance of two colours, also without red or green receptors.

    Machado et al., IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009).
    """
    linear = ((np.array([to_rgb(colour) for colour in colours]) + 0.055) / 1.055) ** 2.4
    views = [
        lab(np.clip(linear @ np.transpose(matrix), 0, 1))
        for matrix in (np.eye(3), PROTANOPIA, DEUTERANOPIA)
    ]
    pairs = np.triu_indices(len(linear), 1)
    return min(np.linalg.norm(view[:, None] - view, axis=-1)[pairs].min() for view in views)


def test_sources_are_distinct_without_colour_vision():
    # 2 is just noticeable, 10 obvious at a glance
    assert least_distance([plots.COLOURS[name] for name in plots.SOURCES.values()]) > 30
    assert least_distance(["#cc0000", "#557700"]) < 12  # negative control: red and green


def test_plotting_imports_neither_torch_nor_pyplot():
    code = """if True:
        import sys, moiety.results.plots
        assert not {"matplotlib", "torch"} & set(sys.modules)
        from matplotlib.figure import Figure
        from types import SimpleNamespace as Some
        level = Some(level=1, shape=(1,), volume=1, interface=1, weight=0.5, error=0.01,
                     mutual_information=0.1, source="counted", histories=())
        result = Some(entropy=0.6, error=0.01, unit="nats/site", levels=(level,))
        moiety.results.plots.overview(result)
        assert "matplotlib.pyplot" not in sys.modules"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
