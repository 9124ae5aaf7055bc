"""The page of a difference: its numbers, and that its charts work in a browser."""

import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from moiety import EntropyResult, InputError, Particles, entropy_difference
from moiety.report import render_difference_report, write_difference_report
from moiety.results.types import Base, Check, CrossCheck, Level, Source, Status
from pages import CHROMIUM, HISTORY, Page

HOSTILE = "</script><img src=x onerror=alert(1)>.gsd"
SIDES = ((0.5, 0.5), (0.5, 1.0), (1.0, 1.0), (1.0, 2.0))


def phase(density, m):
    """A made-up result of four cuts of a plane and a tail."""
    levels = [
        Level(
            4 - k, sides, np.prod(sides), sides[1], 1, 1 / (2 * np.prod(sides) * density),
            m * (1 + k), 0.004, Source.ESTIMATED, "converged", {}, (HISTORY,),
        )
        for k, sides in enumerate(SIDES)
    ]  # fmt: skip
    tail = Level(0, (2.0, 2.0), 4.0, 2.0, 1, 0.2, 5 * m, 0.01, Source.EXTRAPOLATED, "area law")
    return EntropyResult(
        entropy=-1.0 - m, error=0.02, budget={"samples": 0.01, "tail": 0.017},
        levels=(tail, *reversed(levels)), bases=(Base((0.5, 0.5), 1, -0.1, 0.0, 1000),),
        status=Status((Check("ladder", True, "the ladder adds up"),)),
        samples={"n": 64, "effective": 60.0, "tau": 0.5, "rhat": 1.0, "shape": [20.0, 20.0],
                 "kind": "particles", "particles": 100.0, "density": density},
        cross_check=CrossCheck(-1.0 - m, 0.03, 0.0, 0.02),
        provenance={"sigma": 1.0, "density_error": 0.001, "seed": 7, "version": "0.1.0",
                    "configuration": {"critic": {"name": "PointsCritic"}, "largest": 2.0}},
        unit="nats/particle",
    )  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return entropy_difference(
        phase(0.9, 0.2), phase(0.7, 0.1), names=("solid.gsd", HOSTILE), temperature=2.0,
        enthalpies=((-3.0, 0.1), (-1.0, 0.0)), unit="J/mol/K",
    )  # fmt: skip


def frames(space, seed=0):
    points = np.random.default_rng(seed).random((8, 150, space)) * 8
    return Particles.from_frames(points, cells=8.0, periodic=True)


def test_the_page_shows_the_numbers(found):
    page = Page(render_difference_report(found))
    assert f"Δs = {found.entropy:.2f}" in page.text and "J/mol/K" in page.text
    assert page.row("1x1")[1:3] == ["0.6000 ± 0.0040", "0.3000 ± 0.0040"]
    assert page.row("larger blocks")[-1].startswith(f"{found.entropy:.2f}"[:4])
    assert page.row("T_m")[1] == f"{found.coexistence.melting} K"
    assert "Δg" in page.text and "solid.gsd" in page.text
    assert "onerror" not in dict(page.attributes) and page.tags.count("script") == 3


def test_without_frames_there_is_no_picture_and_with_them_there_are_two(found):
    assert Page(render_difference_report(found)).tags.count("svg") == 0
    for space in (1, 2, 3):
        page = render_difference_report(found, frames=(frames(space), frames(space, 1)))
        assert Page(page).tags.count("svg") == 2
    both = render_difference_report(found, frames=(frames(2), None))
    assert Page(both).tags.count("svg") == 0


def test_a_doubtful_difference_says_so_first(found):
    status = Status((Check("a", False, "look for walls"),))
    page = render_difference_report(replace(found, status=status))
    assert page.index("look for walls") < page.index("The two phases")


def test_it_is_written_once(found, tmp_path):
    path = tmp_path / "page.html"
    write_difference_report(found, path)
    with pytest.raises(InputError, match="exists"):
        write_difference_report(found, path)
    with pytest.raises(InputError, match=r"\.html"):
        write_difference_report(found, tmp_path / "page.txt")


@contextmanager
def opened(path, width):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
        page.messages, page.requests = [], []
        page.on("console", lambda message: page.messages.append(message.text))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector(".chart canvas")
        yield page
        browser.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
@pytest.mark.parametrize("width", [1280, 360])
def test_the_charts_work_and_nothing_is_requested(found, tmp_path, width):
    path = tmp_path / "page.html"
    write_difference_report(found, path, frames=(frames(2), frames(2, 1)))
    pixels = "() => document.querySelector('[data-name=difference] canvas').toDataURL()"
    with opened(path, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".chart canvas").count() == 2
        before = page.evaluate(pixels)
        assert page.evaluate(pixels) == before  # negative control
        page.locator("[data-name=difference] button[value='each scale']").click()
        page.wait_for_timeout(50)
        assert page.evaluate(pixels) != before
        box = page.locator("[data-name=information] .u-over").bounding_box()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.7 * box["height"])
        tip = page.locator("[data-name=information] .tip")
        if tip.is_visible():
            assert re.search(r"V = [\d.]+", tip.inner_text())
        assert page.messages == [] and page.requests == [path.as_uri()]
