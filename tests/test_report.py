"""The page says what the result says, stands alone, and fits a phone."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure

from moiety import InputError, Samples
from moiety.base.words import digits, measured
from moiety.estimation.training import History
from moiety.geometry.cuts import ladder
from moiety.report import render_report, write_report
from moiety.report.result import _provenance
from moiety.results import plots
from moiety.results.result import Base, Check, CrossCheck, EntropyResult, Level, Status

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
CURVE = [0.01, 0.3, 0.36, 0.3605]


def level(cut, rungs, m, source, status, *, error=0.0042):
    history = History([25, 50, 75, 100], CURVE, CURVE, CURVE, CURVE)
    estimated = source == "estimated"
    bounds = {"donsker-varadhan": m, "nwj": m - 0.0031} if estimated else {}
    sides = (cut.level, cut.left, cut.volume, cut.interface, cut.faces, rungs.weight(cut))
    return Level(*sides, m, error, source, status, bounds, (history,) * 2 if estimated else ())


def made(shape=(8, 8), **changes):
    """A result as from Ising samples: smallest cuts counted, the top two from the area law."""
    rungs = ladder(shape, (True,) * len(shape))
    n = len(rungs.cuts)
    kinds = (
        [("extrapolated", "area law")] * 2
        + [("estimated", "converged")] * (n - 5)
        + [("counted", "counted")] * 3
    )
    levels = tuple(
        level(cut, rungs, 0.1 * cut.interface, *kind)
        for cut, kind in zip(rungs.cuts, kinds[-n:], strict=True)
    )
    checks = (
        Check("bounds agree", True, "the bounds agree"),
        Check("chains mixed", True, "R-hat = 1.002"),
    )
    parts = {
        "entropy": 0.6931 - sum(one.weight * one.mutual_information for one in levels),
        "error": 0.00074,
        "budget": {"samples": 0.00064, "training": 0.00037, "base": 6.1e-6},
        "levels": levels,
        "bases": (Base((2, 2), 64, 2.5, 0.0012, 524288),),
        "status": Status(checks),
        "samples": {
            "n": 2048,
            "effective": 1995.2,
            "tau": 0.513,
            "rhat": 1.0021,
            "shape": list(shape),
            "kind": "discrete",
        },
        "timing": {"counting": 0.3712, "total": 7384.0},
        "provenance": {
            "version": "0.1.0",
            "seed": 7,
            "configuration": {
                "critic": {"name": "InterfaceCritic", "reach": [5, 3]},
                "excess": False,
            },
            "samples": {
                "system": "ising-square",
                "parameters": {"size": [8, 8], "temperature": 2.7},
            },
        },
    }
    return EntropyResult(**{**parts, **changes})


class Page(HTMLParser):
    """Text by line, rows of tables, attributes, and whether tags close in order."""

    VOID = {"meta", "br", "img", "input", "link", "hr"}

    def __init__(self, source):
        super().__init__()
        self.open, self.lines, self.rows, self.attributes, self.tags = [], [], [], [], []
        self.feed(source)
        self.close()
        assert not self.open
        self.text = " ".join(" ".join(self.lines).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.lines.append(data)
            if {"td", "th"} & set(self.open):
                self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    def row(self, *start):
        return next(row for row in self.rows if tuple(row[: len(start)]) == start)


@pytest.fixture
def no_figures(monkeypatch):
    """Most of the time goes into figures; tests of the text do without."""
    monkeypatch.setattr("moiety.report.result._svg", lambda *_: "")


def page(result=None, **options):
    return Page(render_report(result or made(), **options))


@pytest.mark.usefixtures("no_figures")
def test_the_headline():
    shown = page(made(entropy=0.491614)).text
    assert "s = 0.49161 ± 0.00074 nats/site ✓ ok: every check passed" in shown
    assert "Entropy of ising-square, 8x8 sites, temperature = 2.7" in shown
    assert "exact" not in shown.split("How it was found")[0] and "cross-check" not in shown


@pytest.mark.usefixtures("no_figures")
def test_other_answers_are_compared_in_units_of_the_error():
    result = made(entropy=0.4916, cross_check=CrossCheck(0.4900, 0.0010))
    shown = page(result, exact=0.491155).text
    assert (
        "exact value 0.491155 nats/site this estimate − exact: +0.00044 (0.6 standard errors)"
        in shown
    )
    # (0.4916 - 0.4900) / hypot(0.00074, 0.0010)
    assert "0.4900 ± 0.0010 nats/site this estimate − that: +0.0016 (1.3 standard errors)" in shown


@pytest.mark.usefixtures("no_figures")
def test_a_doubtful_result_says_so_first():
    doubtful = made(
        status=Status(
            (Check("bounds agree", True, "fine"), Check("chains mixed", False, "chains disagree"))
        )
    )
    shown = page(doubtful)
    head = shown.text.split("How it was found")[0]
    assert "✗ doubtful: 1 of 2 checks failed chains disagree" in head and "✓ ok" not in head
    assert shown.row("chains mixed") == ["chains mixed", "✗ fail", "chains disagree"]
    assert shown.row("bounds agree") == ["bounds agree", "✓ pass", "fine"]


@pytest.mark.usefixtures("no_figures")
def test_the_error_is_itemised():
    shown = page(
        made(budget={"base": 6.1e-6, "training": 0.0003, "samples": 0.0004, "novel": 0.0})
    ).text
    parts = shown.split("What the error is made of")[1].split("Scale by scale")[0]
    in_order = [
        "samples 0.00040 64%",
        "training 0.00030 36%",
        "too large",
        "base 6.1 × 10⁻⁶ 0%",
        "novel 0 0% all 0.00074",
    ]
    assert re.search(".*".join(map(re.escape, in_order)), parts)


@pytest.mark.usefixtures("no_figures")
def test_every_level_is_a_row():
    result, shown = made(), page()
    for one in result.levels:
        row = shown.row(str(one.level), "x".join(map(str, one.shape)))
        assert row[2] == str(one.volume)
        assert row[3] == ("2 × " if one.faces == 2 else "") + str(one.interface // one.faces)
        assert row[4] == measured(one.mutual_information, 0.0042)
        assert row[5] == measured(0.1, 0.0042 / one.interface)
        assert row[6] == measured(-one.weight * one.mutual_information, one.weight * 0.0042)
        assert row[7] == (
            one.source if one.status == one.source else f"{one.source} : {one.status}"
        )
        assert row[8] == ("0.0031" if one.bounds else "–")
    falls = [
        -sum(one.weight * one.mutual_information for one in result.levels if one.source == name)
        for name in plots.SOURCES
    ]
    rows = [
        next(row for row in shown.rows if row[0].startswith(f"{name} ")) for name in plots.SOURCES
    ]
    assert [row[1:] for row in rows] == [
        [n, f"{fall:.5f}".replace("-", "−")] for n, fall in zip("312", falls, strict=True)
    ]
    assert shown.row("2x2", "64") == ["2x2", "64", "524288", "2.5000 ± 0.0012"]


@pytest.mark.usefixtures("no_figures")
def test_samples_and_provenance():
    shown = page()
    assert shown.row("effective samples")[1] == "1995"
    assert shown.row("tau_int")[1] == "0.513"
    assert shown.row("R-hat")[1] == "1.0021"
    assert (
        ["critic › reach", "5, 3"] in shown.rows
        and ["excess", "no"] in shown.rows
        and ["seed", "7"] in shown.rows
    )
    assert ["parameters › temperature", "2.7"] in shown.rows
    assert ["counting", "0.37 s"] in shown.rows and ["total", "2 h 3 min"] in shown.rows
    assert not re.search(r"[{\[]'|\b(None|True|False|Markup|nan)\b", shown.text)


def test_provenance_of_any_depth():
    groups = _provenance(
        {"a": {"b": {"c": [1, {"d": None}]}, "e": {}}, "f": True, "g": {}, "h": 0.1 + 0.2}
    )
    assert groups == [
        ("this estimate", [("f", "yes"), ("g", "–"), ("h", "0.3")]),
        ("a", [("b › c", "1, d: –"), ("e", "–")]),
    ]


@pytest.mark.usefixtures("no_figures")
def test_limits_speak_of_this_result():
    limits = page().text.split("What this number cannot tell")[1]
    assert "A missed M raises s" in limits and "log N = 7.60" in limits
    assert "largest estimated M is 0.400 nats (halves of 2x4): below it" in limits
    assert "2 of 6 levels (area law), worth 0.050 nats/site" in limits
    few = made(samples={"n": 1, "effective": 1.2})
    assert "above it." in page(few).text
    counted = page(made((2, 2))).text.split("What this number cannot tell")[1]
    assert "A missed M" not in counted and "Extrapolated" not in counted


@pytest.mark.usefixtures("no_figures")
def test_excess_entropies_are_called_so():
    shown = page(made(provenance={"configuration": {"excess": True}})).text
    assert "Δs = " in shown and "in excess of independent single sites" in shown
    assert "in excess" not in page().text


def test_figures_follow_the_colours_of_the_page():
    source = render_report(
        made(), samples=Samples.from_array(np.ones((32, 8, 8), int), periodic=True)
    )
    shown = Page(source)
    figures = re.findall(r"<svg.*?</svg>", source, flags=re.DOTALL)
    assert len(figures) == 3 + 1 + 1  # three of scales, one sample, one trained level
    assert all("currentColor" in figure for figure in figures) and "var(--vermilion)" in figures[0]
    assert not any(
        code in figure for code in [*plots.COLOURS.values(), "#000000"] for figure in figures
    )
    assert (
        "mutual information M (nats)" in shown.text and "held-out M ± error" in shown.text
    )  # letters stay letters
    ids = [value for name, value in shown.attributes if name == "id"]
    used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', source)
    assert len(ids) == len(set(ids)) > 100
    assert {a or b for a, b in used} <= set(ids)


def test_the_page_stands_alone():
    source = render_report(
        made(), samples=Samples.from_array(np.ones((32, 8, 8), int), periodic=True)
    )
    shown = Page(source)
    assert not re.search(r"https?:|//[a-z]|@import|@font-face", source)
    links = [
        value
        for name, value in shown.attributes
        if name in ("src", "href", "xlink:href", "data", "action")
    ]
    assert links and all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert not {"script", "link", "iframe", "object", "form"} & set(shown.tags)
    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    ) in shown.attributes


PLACES = [
    "provenance",
    "name",
    "check",
    "status",
    "source",
    "budget",
    "bound",
    "samples",
    "unit",
    "timing",
]


@pytest.mark.parametrize("place", PLACES)
def test_html_in_values_is_text(place, request):
    if place not in ("source", "unit"):  # these two are drawn as well
        request.getfixturevalue("no_figures")
    result = made()
    hostile = {
        "provenance": {
            "provenance": {
                "samples": {"system": HOSTILE, "parameters": {"size": HOSTILE, "x": HOSTILE}}
            }
        },
        "name": {"provenance": {HOSTILE: {HOSTILE: [HOSTILE, {HOSTILE: 1}]}}},
        "check": {"status": Status((Check(HOSTILE, False, HOSTILE),))},
        "status": {"levels": tuple(replace(one, status=HOSTILE) for one in result.levels)},
        "source": {
            "levels": tuple(replace(one, source=HOSTILE, histories=()) for one in result.levels)
        },
        "budget": {"budget": {HOSTILE: 0.1}},
        "bound": {"levels": tuple(replace(one, bounds={HOSTILE: 0.1}) for one in result.levels)},
        "samples": {"samples": {"kind": HOSTILE, "shape": [HOSTILE]}},
        "unit": {"unit": HOSTILE},
        "timing": {"timing": {HOSTILE: 1.0}},
    }
    source = render_report(replace(result, **hostile[place]))
    shown = Page(source)
    assert not {"script", "img"} & set(shown.tags) and not any(
        name.startswith("on") for name, _ in shown.attributes
    )
    assert place == "bound" or "".join(HOSTILE.split()) in "".join(shown.text.split())
    assert HOSTILE not in source


UNUSUAL = {
    "no histories": made(levels=tuple(replace(one, histories=()) for one in made().levels)),
    "one level": made((2,)),
    "no estimated levels": made((2, 2)),
    "chain": made((2**8,)),
    "cube": made((4, 4, 4)),
    "no errors": made(
        error=0.0, budget={}, levels=tuple(replace(one, error=0.0) for one in made().levels)
    ),
    "unknown error": made(
        error=np.nan,
        budget={"samples": np.nan},
        levels=tuple(replace(one, error=np.nan) for one in made().levels),
    ),
    "no number": made(
        entropy=np.nan,
        levels=tuple(replace(one, mutual_information=np.nan) for one in made().levels),
    ),
    "bare": made(provenance={}, timing={}, samples={}, budget={}, bases=(), status=Status(())),
    "stuck chains": made(samples={"n": 8, "effective": 0.5, "tau": 8.0, "rhat": np.inf}),
    "long words": made(
        provenance={"samples": {"file": "/data/" + 300 * "x"}},
        status=Status((Check("x", False, 200 * "y"),)),
    ),
}


def test_the_chain_rule_shows_its_training():
    falling = [-0.60, -0.45, -0.41, -0.40]
    history = History([25, 50, 75, 100], falling, falling, falling, falling)
    found = made(cross_check=CrossCheck(0.4, 0.002, 0.001, 0.002, (history, history)))
    shown = page(found)
    assert (
        "The chain rule: up to 100 steps; the second half of them gained at most 0.050 nats/site."
        in shown.text
    )
    axes = plots.chain_rule_training(found, Figure().subplots())
    assert [list(line.get_ydata()) for line in axes.get_lines()[:2]] == [
        [0.60, 0.45, 0.41, 0.40]
    ] * 2
    with pytest.raises(InputError, match="no training curves"):
        plots.chain_rule_training(made(), Figure().subplots())
    assert "chain rule: up to" not in page(made()).text  # negative control


@pytest.mark.usefixtures("no_figures")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_results(name):
    result = UNUSUAL[name]
    shown = page(result, exact=0.5)
    assert f"s = {measured(result.entropy, result.error)} nats/site" in shown.text
    assert not re.search(r"\b(nan|inf|None)\b", shown.text)
    trained = any(one.histories for one in result.levels)
    assert ("details" in shown.tags) == trained == ("of training curves" in shown.text)
    assert ("Provenance" in shown.text) == bool(result.provenance)
    assert ("Counted blocks" in shown.text) == bool(result.bases)
    assert sum(len(row) == 9 for row in shown.rows) == 1 + len(result.levels)


@pytest.mark.parametrize(
    ("value", "count", "text"),
    [
        (0.000302, 2, "0.00030"), (6.1e-6, 2, "6.1 × 10⁻⁶"), (2048.0, 6, "2048"), (123456789, 4, "1.235 × 10⁸"),
        (-0.5, 1, "−0.5"), (0.0, 2, "0"), (np.nan, 2, "unknown"), (np.inf, 2, "∞"),
    ],
)  # fmt: skip
def test_digits(value, count, text):
    assert digits(value, count) == text


# Files


@pytest.mark.usefixtures("no_figures")
def test_writing(tmp_path):
    path = tmp_path / "report.html"
    write_report(made(), path)
    assert path.read_text(encoding="utf-8") == render_report(made())
    with pytest.raises(InputError, match="exists already"):
        write_report(made(entropy=0.25), path)
    assert "0.25000" not in path.read_text(encoding="utf-8")
    write_report(made(entropy=0.25), str(path), force=True)
    assert "s = 0.25000 ± 0.00074" in path.read_text(encoding="utf-8")


def test_a_saved_result_gives_the_same_page(tmp_path):
    made().save(tmp_path / "result.nc")
    assert render_report(EntropyResult.load(tmp_path / "result.nc")) == render_report(
        made()
    )  # byte for byte


@pytest.mark.parametrize("name", ["result.nc", "report", "no/report.html"])
def test_other_paths_are_refused(tmp_path, name):
    with pytest.raises(InputError):
        write_report(made(), tmp_path / name, force=True)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_on_failure(tmp_path, monkeypatch):
    old = tmp_path / "old.html"
    old.write_text("old")
    monkeypatch.setattr(plots, "information", lambda result, axes: 1 / 0)
    for path in (old, tmp_path / "new.html"):
        with pytest.raises(ZeroDivisionError):
            write_report(made(), path, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["old.html"] and old.read_text() == "old"


# In a browser

HARNESS = """<!DOCTYPE html><meta charset="utf-8"><pre id="seen"></pre><script>
const pages = %s, seen = [];
const measure = frame => {
  const page = frame.contentDocument, root = page.documentElement;
  page.querySelectorAll("details").forEach(part => part.open = true);
  const wide = [...page.body.querySelectorAll("*")].filter(part => !part.closest(".scroll, svg") &&
    part.getBoundingClientRect().right > frame.clientWidth + 1);
  const letters = [...page.querySelectorAll("figure svg text")].map(part => part.getBoundingClientRect().height);
  const outside = [...page.querySelectorAll("figure svg")].flatMap(figure => [...figure.querySelectorAll("text")].filter(
    part => part.getBoundingClientRect().right > figure.getBoundingClientRect().right + 1));
  return {page: frame.name, client: root.clientWidth, scroll: root.scrollWidth, wide: wide.map(part => part.tagName),
    smallest: Math.min(...letters), outside: outside.map(part => part.textContent)};
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


def browse(folder, pages, *flags):
    """What a browser measures on these pages, and what it says on its console."""
    harness = folder / "harness.html"
    harness.write_text(HARNESS % json.dumps(pages).replace("</", "<\\/"), encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ]
    options += [
        "--enable-logging=stderr",
        "--virtual-time-budget=10000",
        f"--user-data-dir={folder / 'profile'}",
        *flags,
    ]
    done = subprocess.run(
        [CHROMIUM, *options, "--dump-dom", harness.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert found and found[1], done.stderr
    return json.loads(html.unescape(found[1])), [
        line for line in done.stderr.splitlines() if "CONSOLE" in line
    ]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH to render the report with")
def test_the_page_fits_a_phone_and_is_quiet(tmp_path):
    pages = {name: render_report(UNUSUAL[name], exact=0.5) for name in ("chain", "long words")}
    pages["plain"] = render_report(
        made(), samples=Samples.from_array(np.ones((32, 8, 8), int), periodic=True)
    )
    pages["control"] = (
        "<!DOCTYPE html><body><div style='width: 2000px'>wide</div><figure><svg><text>.</text></svg></figure>"
    )
    pages["noisy"] = pages["plain"].replace("</body>", "<script>1</script></body>")
    seen, console = browse(tmp_path, pages)
    assert len(seen) == 2 * len(pages)
    for one in seen:
        if one["page"].startswith("control"):
            assert (
                one["scroll"] > one["client"] and one["wide"]
            )  # negative control: it would be seen
            continue
        assert one["scroll"] <= one["client"] in (390, 375, 1200, 1185) and not one["wide"], one
        assert one["smallest"] > 8 and not one["outside"], (
            one
        )  # letters of figures can be read, and are not cut off
    assert len(console) == 2 and all(
        "Content Security Policy" in line for line in console
    )  # the noisy page alone
