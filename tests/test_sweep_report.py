"""The page of a sweep says what its store says, stands alone, and can be read, switched and zoomed in a browser."""

import json
import re
import shutil
from contextlib import contextmanager
from math import tanh
from types import SimpleNamespace

import pytest

from moiety import InputError
from moiety.estimation.critics import ConvolutionalCritic, TrainedCritic
from moiety.estimation.training import History
from moiety.geometry.cuts import ladder
from moiety.report import render_sweep_report, write_sweep_report
from moiety.report.charts import Chart, Series, as_json
from moiety.report.curves import curves
from moiety.results.result import Base, Check, CrossCheck, EntropyResult, Level, Status
from moiety.sweep import Plan, Store
from moiety.sweep.store import TRIES

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
HOSTILE = "</script><img src=x onerror=alert(1)>"
TEMPERATURES = [3.5, 3.0, 2.7, 2.4, 2.2, 2.0, 1.6]
NETWORKS = TrainedCritic(ConvolutionalCritic(), {})


def falling(entropy):
    """The training of a chain rule: its bound is minus the entropy that it has reached."""
    bound = [-entropy - 0.1, -entropy - 0.02, -entropy]
    return History([25, 50, 75], bound, bound, bound, bound)


def result(size, temperature, ok=True):
    """As of an Ising lattice whose M rises fastest at T = 2.3, at a known rate."""
    rungs, levels = ladder((size, size), (True, True)), []
    for cut in rungs.cuts:
        m = cut.interface * (0.1 + 0.05 * tanh((temperature - 2.3) / 0.2))
        curve = [0.5 * m, 0.9 * m, m]
        trained = (
            (History([25, 50, 75], curve, curve, curve, curve), History([25, 50], *[curve[:2]] * 4))
            if cut.volume > 4
            else ()
        )
        source, status = ("estimated", "converged") if trained else ("counted", "counted")
        sides = (cut.level, cut.left, cut.volume, cut.interface, cut.faces, rungs.weight(cut))
        levels.append(Level(*sides, m, 0.004, source, status, {}, trained))
    return EntropyResult(
        entropy=0.15 * temperature,
        error=0.002,
        budget={"samples": 0.002},
        levels=tuple(levels),
        bases=(Base((1, 1), size**2, 0.69, 0.001, 1000),),
        status=Status(
            (
                Check("ladder", True, "the ladder adds up"),
                Check("cross-check", ok, "routes agree" if ok else "routes differ"),
            )
        ),
        samples={
            "n": 256,
            "effective": 250.0,
            "tau": 0.51,
            "rhat": 1.01,
            "shape": [size, size],
            "kind": "discrete",
        },
        cross_check=CrossCheck(
            0.15 * temperature - 0.001, 0.003, 0.001, 0.0025, (falling(0.15 * temperature),)
        ),
        provenance={
            "samples": {
                "system": "ising-square",
                "parameters": {"size": size, "temperature": temperature},
            },
            "periodic": [True, True],
            "configuration": {"excess": False},
        },
        critic=NETWORKS,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two sizes over seven temperatures: one state point doubtful, one failed, one left."""
    plan = Plan.of(
        {
            "system": [{"name": "ising-square", "size": [4, 8], "temperature": TEMPERATURES}],
            "baselines": ["compression"],
        }
    )
    found = Store(tmp_path_factory.mktemp("sweep"))
    found.note_plan(plan)
    *finished, failed, _ = plan.points
    for point in finished:
        size, temperature = point.labels["size"], point.labels["temperature"]
        made = result(size, temperature, ok=(size, temperature) != (4, 2.4))
        found.keep(
            point, made, {"compression": {"value": made.entropy + 0.05, "error": 0.001}}, 12.0
        )
    for _ in range(TRIES):
        found.fail(failed, f"Traceback\nOSError: {HOSTILE}\n")
    return found


@pytest.fixture(scope="module")
def page(store):
    return render_sweep_report(store)


def data_of(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    )


def series_of(page, chart, name):
    return next(
        one
        for found in data_of(page)["charts"]
        if found["name"] == chart
        for one in found["series"]
        if one["name"] == name
    )


# What it says


def test_charts_hold_the_numbers_of_the_store(page):
    assert [chart["name"] for chart in data_of(page)["charts"]] == [
        "entropy",
        "differences",
        "information",
        "slopes",
    ]
    estimate = series_of(page, "entropy", "estimate, size 4")
    assert estimate["x"] == sorted(TEMPERATURES) and estimate["error"] == [0.002] * len(
        TEMPERATURES
    )
    assert estimate["y"] == pytest.approx(
        [0.15 * temperature for temperature in sorted(TEMPERATURES)]
    )
    assert (
        len(series_of(page, "entropy", "estimate, size 8")["x"]) == len(TEMPERATURES) - 2
    )  # one failed, one is left
    apart = series_of(page, "differences", "estimate − chain rule, size 8")
    assert apart["y"] == [0.001] * 5 and apart["error"] == [0.0025] * 5
    exact, off = (
        series_of(page, "entropy", "exact, size 4"),
        series_of(page, "differences", "estimate − exact, size 4"),
    )
    assert off["y"] == pytest.approx(
        [a - b for a, b in zip(estimate["y"], exact["y"], strict=True)], abs=1e-5
    )
    assert "compression" in data_of(page)["charts"][0]["off"]


def test_m_for_each_site_is_that_of_the_cut_over_its_interface(page):
    chart = next(chart for chart in data_of(page)["charts"] if chart["name"] == "information")
    pair = [
        one
        for one in chart["series"]
        if one["tags"]["curve"] == "size 8" and one["tags"]["halves"] == "4x8"
    ]
    whole, each = pair
    assert [one["unit"] for one in pair] == ["M (nats)", "M / interface (nats/site)"]
    assert whole["y"] == pytest.approx(
        [16 * value for value in each["y"]], rel=1e-4
    )  # two faces of 8 sites


def test_the_peak_of_the_slope_is_found(page):
    rows = re.findall(r"<tr><td>size 4</td><td>2x4</td>.*?>([\d.]+) ± ([\d.]+)</td></tr>", page)
    at, error = map(float, rows[0])
    assert abs(at - 2.3) < 3 * error < 0.6


def test_state_points_and_checks_are_rows(page):
    text = " ".join(re.sub(r"<[^>]+>", " ", page.split("<h2>Checks")[1]).split())
    assert (
        "cross-check ✗ 11 of 12 size 4, temperature 2.4 ladder" in text
        and "ladder ✓ 12 of 12" in text
    )
    assert "routes differ" in text and "size 8, temperature 1.6 left" in text
    assert "12 of 14 state points" in page and "✗ 1 doubtful" in page and "✗ 1 failed" in page
    assert page.count('class="unfold"') == 12
    trained = data_of(page)["trainings"]
    assert len(trained) == 14 and not trained[-1]
    assert [len(fold["steps"]) for fold in trained[0][0]["folds"]] == [3, 2]
    rule = trained[0][-1]
    assert (rule["of"], rule["unit"]) == ("chain rule", "bound on s (nats/site)")
    assert trained[0][0]["floor"] and not rule["floor"]  # s of continuous states may be negative
    assert rule["folds"][0]["bound"][-1] == pytest.approx(rule["value"], abs=0.002)


def test_nothing_in_a_store_becomes_html(page, tmp_path):
    assert HOSTILE not in page and "&lt;/script&gt;&lt;img" in page
    assert "<" not in as_json({HOSTILE: Chart("a", HOSTILE, "y", [Series(HOSTILE, [1.0], [2.0])])})
    assert not re.search(r'(src|href)="(?!#|data:)', page)


def test_curves_of_other_axes(tmp_path):
    def along(tables):
        points = [SimpleNamespace(point=point) for point in Plan.of({"system": [tables]}).points]
        return [(str(curve), curve.along, curve.x) for curve in curves(points)]

    assert along({"name": "markov-chain", "size": 8, "stay": [0.6, 0.9], "chain": False}) == [
        ("", "stay", [0.6, 0.9])
    ]
    assert along({"name": "ising-square", "size": [4, 8], "temperature": 2.0}) == [
        ("", "size", [4.0, 8.0])
    ]
    assert along({"name": "ising-square", "size": 4, "temperature": 2.0}) == [
        ("", "temperature", [2.0])
    ]
    both = along(
        {"name": "ising-square", "size": 4, "temperature": [2.0, 3.0], "field": [0.0, 0.1]}
    )
    assert both == [
        ("field 0", "temperature", [2.0, 3.0]),
        ("field 0.1", "temperature", [2.0, 3.0]),
    ]


# Files and the command


def test_the_command_writes_the_page(store, tmp_path, run):
    path = tmp_path / "sweep.html"
    done = run("report", store.folder, "--out", path)
    assert (done.code, done.out, done.err) == (0, "", f"wrote {path}\n")
    assert "12 of 14 state points" in path.read_text(encoding="utf-8")
    assert "exists already" in run("report", store.folder, "--out", path).err


def test_folders_without_a_result_are_refused(tmp_path, run):
    (tmp_path / "other").mkdir()
    empty, planned = Store(tmp_path / "empty"), Store(tmp_path / "planned")
    planned.note_plan(
        Plan.of({"system": [{"name": "ising-square", "size": 4, "temperature": 2.0}]})
    )
    for folder, said in (
        ("other", "holds no sweep"),
        ("empty", "run moiety sweep again"),
        ("planned", "no state point is finished"),
    ):
        done = run("report", tmp_path / folder, "--out", tmp_path / "page.html")
        assert (done.code, done.out) == (2, "") and said in done.err and done.err.count("\n") == 1
    with pytest.raises(InputError, match="end the name in .html"):
        write_sweep_report(empty, tmp_path / "page.txt")
    assert not list(tmp_path.glob("page*"))
    assert not list((tmp_path / "other").iterdir())


# In a browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@contextmanager
def opened(browser, path, width=1280, **options):
    """The page, what it says on its console, and what it asks a network for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector(".chart canvas")
    yield page
    context.close()


@pytest.fixture(scope="module")
def file(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "sweep.html"
    path.write_text(page, encoding="utf-8")
    return path


def settled(page):
    """Drawn: charts are drawn at the next frame."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def pixels(page, name):
    settled(page)
    return page.evaluate(
        "name => document.querySelector(`[data-name=${name}] canvas`).toDataURL()", name
    )


def span(page, name):
    settled(page)
    return page.evaluate(
        "name => { const {from, to} = document.querySelector(`[data-name=${name}]`).dataset; return to - from; }",
        name,
    )


def pointed(page, name, **by):
    """The pointer over a chart, at shares of its width and height."""
    page.locator(f"[data-name={name}]").scroll_into_view_if_needed()
    box = page.locator(f"[data-name={name}] .u-over").bounding_box()
    page.mouse.move(box["x"] + by["x"] * box["width"], box["y"] + by["y"] * box["height"])


def test_it_loads_quietly_and_asks_nobody(browser, file, tmp_path):
    with opened(browser, file) as page:
        settled(page)
        assert page.said == [] and page.asked == [file.as_uri()]
        assert page.locator(".chart canvas").count() == 4
    changed = (
        tmp_path / "changed.html"
    )  # negative control: a script of others does not run, and that would be heard
    changed.write_text(
        file.read_text().replace("</body>", "<script>document.title = 'mine'</script></body>")
    )
    with opened(browser, changed) as page:
        assert (
            any("Content Security Policy" in line for line in page.said) and page.title() != "mine"
        )


def test_a_switch_changes_the_plot(browser, file):
    with opened(browser, file) as page:
        before = pixels(page, "entropy")
        assert pixels(page, "entropy") == before  # negative control
        exact = page.locator("[data-name=entropy] button[value=exact]")
        exact.click()
        without = pixels(page, "entropy")
        assert exact.get_attribute("aria-pressed") == "false" and without != before
        exact.press("Enter")  # by keyboard, too
        assert exact.get_attribute("aria-pressed") == "true" and pixels(page, "entropy") == before
        whole = pixels(page, "information")
        page.locator("[data-name=information] button[value='size 8']").click()
        assert pixels(page, "information") != whole
        assert page.locator("[data-name=information] button[value='4x8']").is_visible()
        page.locator("[data-name=information] button[value='size 4']").click()
        assert page.locator(
            "[data-name=information] button[value='4x8']"
        ).is_hidden()  # a lattice of 4x4 has no such halves
        assert pixels(page, "information") == whole


def test_the_pointer_reads_a_value(browser, file):
    with opened(browser, file) as page:
        tip = page.locator("[data-name=entropy] .tip")
        assert tip.is_hidden()
        for name in ("chain rule", "exact"):
            page.locator(f"[data-name=entropy] button[value='{name}']").click()
        pointed(page, "entropy", x=0.03, y=0.9)  # the lowest temperature, where s is least
        assert re.search(
            r"0\.2400 ± 0\.0020\s*temperature 1.6", tip.inner_text().replace("\n", " ")
        )
        pointed(page, "entropy", x=0.05, y=0.05)  # nothing is near
        assert tip.is_hidden()


def test_it_zooms_and_goes_back(browser, file):
    with opened(browser, file) as page:
        whole, see_all = span(page, "entropy"), page.locator("[data-name=entropy] .reset")
        assert whole > 1.9 and see_all.is_hidden()
        pointed(page, "entropy", x=0.4, y=0.5)
        page.mouse.down()
        pointed(page, "entropy", x=0.7, y=0.5)
        page.mouse.up()
        assert span(page, "entropy") == pytest.approx(0.3 * whole, rel=0.05)
        see_all.click()
        assert span(page, "entropy") == pytest.approx(whole) and see_all.is_hidden()


def test_a_state_point_unfolds_to_its_training(browser, file):
    with opened(browser, file) as page:
        button, detail = page.locator(".unfold").nth(7), page.locator("tr.detail").nth(7)
        assert detail.is_hidden()
        button.click()
        settled(page)
        assert detail.is_visible() and button.get_attribute("aria-expanded") == "true"
        assert detail.locator("canvas").count() == 1 and "4x8" in detail.inner_text()
        detail.locator("button[value='fold 2']").click()
        assert detail.locator("button[value='fold 2']").is_visible()
        detail.locator("button[value='chain rule']").click()  # which has one fold here
        settled(page)
        assert (
            detail.locator("button[value='fold 2']").is_hidden()
            and detail.locator("button[value='fold 1']").is_visible()
        )
        button.click()
        assert detail.is_hidden() and page.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser, file, scheme):
    with opened(
        browser, file, width=390, color_scheme=scheme, has_touch=True, is_mobile=True
    ) as page:
        page.locator(".unfold").nth(7).click()
        settled(page)
        wide = page.evaluate(
            "() => [...document.body.querySelectorAll('*')].filter(part => !part.closest('.scroll') || part.closest('.points'))"
            ".filter(part => !part.closest('.inner')).filter(part => part.getBoundingClientRect().right > 391).map(part => part.tagName)"
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 390 and not wide
        assert page.locator(".canvas").first.bounding_box()["width"] > 330
        page.locator("[data-name=entropy] button[value=exact]").tap()
        assert (
            page.locator("[data-name=entropy] button[value=exact]").get_attribute("aria-pressed")
            == "false"
        )
        page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
        settled(page)
        assert page.said == []
