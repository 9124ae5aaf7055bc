"""A report as a page: self-contained, safe, written atomically, and readable on a phone."""

import html
import json
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from moiety import InputError, Samples
from moiety.base.words import measured
from moiety.report import render_report, write_report
from moiety.results import plots
from moiety.results.result import EntropyResult
from moiety.results.types import Check, Status
from pages import CHROMIUM, Page, make_result, page

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
SPINS = Samples.from_array(np.ones((32, 8, 8), int), periodic=True)


@pytest.fixture(scope="module")
def source():
    """A page with figures."""
    return render_report(make_result(), samples=SPINS)


@pytest.fixture
def no_figures(monkeypatch):
    """Figures take most of the time; most tests only read the text."""
    monkeypatch.setattr("moiety.report._figures.inline_svg", lambda *_: "")


def test_figures_use_the_colours_of_the_page(source):
    report = Page(source)
    figures = re.findall(r"<svg.*?</svg>", source, flags=re.DOTALL)
    assert len(figures) == 3 + 1 + 1  # three of scales, one sample, one trained level
    assert all("currentColor" in figure for figure in figures) and "var(--vermilion)" in figures[0]
    codes = [*plots.COLOURS.values(), "#000000"]
    assert not any(code in figure for code in codes for figure in figures)
    text = report.text  # text of figures stays text
    assert "mutual information M (nats)" in text and "held-out M ± error" in text
    ids = [value for name, value in report.attributes if name == "id"]
    used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', source)
    assert len(ids) == len(set(ids)) > 100
    assert {a or b for a, b in used} <= set(ids)


def test_the_page_is_self_contained(source):
    report = Page(source)
    assert not re.search(r"https?:|//[a-z]|@import|@font-face", source)
    names = ("src", "href", "xlink:href", "data", "action")
    links = [value for name, value in report.attributes if name in names]
    assert links and all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert not {"script", "link", "iframe", "object", "form"} & set(report.tags)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("content", policy) in report.attributes


def hostile_levels(**changes):
    return {"levels": tuple(replace(level, **changes) for level in make_result().levels)}


ORIGIN = {"system": HOSTILE, "parameters": {"size": HOSTILE, "x": HOSTILE}}
PLACES = {
    "provenance": {"provenance": {"samples": ORIGIN}},
    "name": {"provenance": {HOSTILE: {HOSTILE: [HOSTILE, {HOSTILE: 1}]}}},
    "check": {"status": Status((Check(HOSTILE, False, HOSTILE),))},
    "status": hostile_levels(status=HOSTILE),
    "source": hostile_levels(source=HOSTILE, histories=()),
    "budget": {"budget": {HOSTILE: 0.1}},
    "bound": hostile_levels(bounds={HOSTILE: 0.1}),
    "samples": {"samples": {"kind": HOSTILE, "shape": [HOSTILE]}},
    "unit": {"unit": HOSTILE, **hostile_levels(histories=())},
    "timing": {"timing": {HOSTILE: 1.0}},
}


@pytest.mark.parametrize("place", PLACES)
def test_html_in_values_is_text(place, request):
    if place not in ("source", "unit"):  # these are drawn as well
        request.getfixturevalue("no_figures")
    source = render_report(replace(make_result(), **PLACES[place]))
    report = Page(source)
    assert not {"script", "img"} & set(report.tags)
    assert not any(name.startswith("on") for name, _ in report.attributes)
    assert place == "bound" or "".join(HOSTILE.split()) in "".join(report.text.split())
    assert HOSTILE not in source


LEVELS = make_result().levels
UNUSUAL = {
    "no histories": make_result(levels=tuple(replace(level, histories=()) for level in LEVELS)),
    "one level": make_result((2,)),
    "no estimated levels": make_result((2, 2)),
    "chain": make_result((2**8,)),
    "cube": make_result((4, 4, 4)),
    "no errors": make_result(
        error=0.0, budget={}, levels=tuple(replace(level, error=0.0) for level in LEVELS)
    ),
    "unknown error": make_result(
        error=np.nan,
        budget={"samples": np.nan},
        levels=tuple(replace(level, error=np.nan) for level in LEVELS),
    ),
    "no number": make_result(
        entropy=np.nan, levels=tuple(replace(level, mutual_information=np.nan) for level in LEVELS)
    ),
    "bare": make_result(
        provenance={}, timing={}, samples={}, budget={}, bases=(), status=Status(())
    ),
    "stuck chains": make_result(samples={"n": 8, "effective": 0.5, "tau": 8.0, "rhat": np.inf}),
    "long words": make_result(
        provenance={"samples": {"file": "/data/" + 300 * "x"}},
        status=Status((Check("x", False, 200 * "y"),)),
    ),
}


@pytest.mark.usefixtures("no_figures")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_results(name):
    result = UNUSUAL[name]
    report = page(result, exact=0.5)
    assert f"s = {measured(result.entropy, result.error)} nats/site" in report.text
    assert not re.search(r"\b(nan|inf|None)\b", report.text)
    trained = any(level.histories for level in result.levels)
    assert ("details" in report.tags) == trained == ("of training curves" in report.text)
    assert ("Provenance" in report.text) == bool(result.provenance)
    assert ("Counted blocks" in report.text) == bool(result.bases)
    assert sum(len(row) == 9 for row in report.rows) == 1 + len(result.levels)


# Files


@pytest.mark.usefixtures("no_figures")
def test_an_existing_page_is_replaced_only_by_force(tmp_path):
    path = tmp_path / "report.html"
    write_report(make_result(), path)
    assert path.read_text(encoding="utf-8") == render_report(make_result())
    with pytest.raises(InputError, match="exists already"):
        write_report(make_result(entropy=0.25), path)
    assert "0.25000" not in path.read_text(encoding="utf-8")
    write_report(make_result(entropy=0.25), str(path), force=True)
    assert "s = 0.25000 ± 0.00074" in path.read_text(encoding="utf-8")


def test_a_saved_result_gives_the_same_page(tmp_path, source):
    make_result().save(tmp_path / "result.nc")
    loaded = EntropyResult.load(tmp_path / "result.nc")
    assert render_report(loaded, samples=SPINS) == source  # byte for byte


@pytest.mark.parametrize("name", ["result.nc", "report", "no/report.html"])
def test_other_paths_are_refused(tmp_path, name):
    with pytest.raises(InputError):
        write_report(make_result(), tmp_path / name, force=True)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_on_failure(tmp_path, monkeypatch):
    old = tmp_path / "old.html"
    old.write_text("old")
    monkeypatch.setattr(plots, "information", lambda result, axes: 1 / 0)
    for path in (old, tmp_path / "new.html"):
        with pytest.raises(ZeroDivisionError):
            write_report(make_result(), path, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["old.html"] and old.read_text() == "old"


# In a browser

HARNESS = """<!DOCTYPE html><meta charset="utf-8"><pre id="seen"></pre><script>
const pages = %s, seen = [];
const measure = frame => {
  const page = frame.contentDocument, root = page.documentElement;
  page.querySelectorAll("details").forEach(part => part.open = true);
  const right = part => part.getBoundingClientRect().right;
  const wide = [...page.body.querySelectorAll("*")].filter(
    part => !part.closest(".scroll, svg") && right(part) > frame.clientWidth + 1);
  const heights = [...page.querySelectorAll("figure svg text")].map(
    part => part.getBoundingClientRect().height);
  const outside = [...page.querySelectorAll("figure svg")].flatMap(figure =>
    [...figure.querySelectorAll("text")].filter(part => right(part) > right(figure) + 1));
  return {page: frame.name, client: root.clientWidth, scroll: root.scrollWidth,
    wide: wide.map(part => part.tagName), smallest: Math.min(...heights),
    outside: outside.map(part => part.textContent)};
};
let left = Object.keys(pages).length * 2;
for (const width of [390, 1200]) for (const [name, source] of Object.entries(pages)) {
  const frame = document.createElement("iframe");
  frame.name = name + " " + width;
  frame.style.cssText = `width: ${width}px; height: 800px; border: 0`;
  frame.onload = () => {
    seen.push(measure(frame));
    if (!--left) { document.getElementById("seen").textContent = JSON.stringify(seen); }
  };
  frame.srcdoc = source;
  document.body.append(frame);
}
</script>"""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
)


def browse(folder, pages):
    """Return the measurements of a browser on these pages, and the lines on its console."""
    harness = folder / "harness.html"
    harness.write_text(HARNESS % json.dumps(pages).replace("</", "<\\/"), encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", harness.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seen = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert seen and seen[1], done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(seen[1])), console


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH to render the report with")
def test_the_page_fits_a_phone_and_is_quiet(tmp_path, source):
    pages = {name: render_report(UNUSUAL[name], exact=0.5) for name in ("chain", "long words")}
    pages["plain"] = source
    pages["control"] = (
        "<!DOCTYPE html><body><div style='width: 2000px'>wide</div>"
        "<figure><svg><text>.</text></svg></figure>"
    )
    pages["noisy"] = source.replace("</body>", "<script>1</script></body>")
    seen, console = browse(tmp_path, pages)
    assert len(seen) == 2 * len(pages)
    for measured_page in seen:
        if measured_page["page"].startswith("control"):  # negative control
            assert measured_page["scroll"] > measured_page["client"] and measured_page["wide"]
            continue
        assert measured_page["scroll"] <= measured_page["client"] in (390, 375, 1200, 1185)
        assert not measured_page["wide"], measured_page
        # text of figures is readable and not cut off
        assert measured_page["smallest"] > 8 and not measured_page["outside"], measured_page
    # the noisy page alone is heard, once for each width
    assert len(console) == 2 and all("Content Security Policy" in line for line in console)
