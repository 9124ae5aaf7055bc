"""Results and parsers for tests of report pages."""

import shutil
from html.parser import HTMLParser
from typing import ClassVar

from moiety.estimation.history import History
from moiety.geometry.cuts import ladder
from moiety.report import render_report
from moiety.results.result import EntropyResult
from moiety.results.types import Base, Check, Level, Status

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
CURVE = (0.01, 0.3, 0.36, 0.3605)
HISTORY = History((25, 50, 75, 100), CURVE, CURVE, CURVE, CURVE)
KINDS = {
    "extrapolated": ("extrapolated", "area law", {}, ()),
    "estimated": (
        "estimated",
        "converged",
        {"donsker-varadhan": 0, "nwj": -0.0031},
        (HISTORY,) * 2,
    ),
    "counted": ("counted", "counted", {}, ()),
}


def level(cut, weight, kind):
    """A level with M = 0.1 nats per site of the interface."""
    m = 0.1 * cut.interface
    source, status, bounds, histories = KINDS[kind]
    sides = (cut.level, cut.left, cut.volume, cut.interface, cut.faces, weight)
    bounds = {name: m + shift for name, shift in bounds.items()}
    return Level(*sides, m, 0.0042, source, status, bounds, histories)


def make_result(shape=(8, 8), **changes):
    """A result as from Ising samples: three counted levels, the top two from the area law."""
    rungs = ladder(shape, (True,) * len(shape))
    n = len(rungs.cuts)
    kinds = ["extrapolated"] * 2 + ["estimated"] * (n - 5) + ["counted"] * 3
    levels = tuple(
        level(cut, rungs.weight(cut), kind)
        for cut, kind in zip(rungs.cuts, kinds[-n:], strict=True)
    )
    checks = (
        Check("bounds agree", True, "the bounds agree"),
        Check("chains mixed", True, "R-hat = 1.002"),
    )
    parts = {
        "entropy": 0.6931 - sum(level.weight * level.mutual_information for level in levels),
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
    """Text, table rows, attributes and tags of a page; tags must close in order."""

    VOID: ClassVar = {"meta", "br", "img", "input", "link", "hr"}

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


def page(result=None, **options):
    return Page(render_report(result or make_result(), **options))
