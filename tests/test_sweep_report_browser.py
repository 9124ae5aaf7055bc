"""The page of a sweep in a browser: charts can be read, switched and zoomed, also on a phone."""

import re
from contextlib import contextmanager

import pytest

from moiety.report import render_sweep_report
from pages import CHROMIUM
from sweep_pages import fill_store

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    path = folder / "sweep.html"
    path.write_text(render_sweep_report(fill_store(folder / "store")), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@contextmanager
def opened(browser, path, width=1280, **options):
    """A page that records the messages on its console and its network requests."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.messages, page.requests = [], []
    page.on("console", lambda message: page.messages.append(message.text))
    page.on("pageerror", lambda error: page.messages.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector(".chart canvas")
    yield page
    context.close()


def settle(page):
    """Wait for the next frame, in which charts are drawn."""
    page.evaluate("() => new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))")


def pixels(page, name):
    settle(page)
    script = "name => document.querySelector(`[data-name=${name}] canvas`).toDataURL()"
    return page.evaluate(script, name)


def span(page, name):
    settle(page)
    data = page.evaluate("n => ({...document.querySelector(`[data-name=${n}]`).dataset})", name)
    return float(data["to"]) - float(data["from"])


def point_at(page, name, x, y):
    """Move the pointer over a chart, to fractions of its width and height."""
    page.locator(f"[data-name={name}]").scroll_into_view_if_needed()
    box = page.locator(f"[data-name={name}] .u-over").bounding_box()
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def button(page, chart, value):
    return page.locator(f"[data-name={chart}] button[value='{value}']")


def test_it_loads_quietly_and_requests_nothing(browser, file, tmp_path):
    with opened(browser, file) as page:
        settle(page)
        assert page.messages == [] and page.requests == [file.as_uri()]
        assert page.locator(".chart canvas").count() == 4
    changed = tmp_path / "changed.html"  # negative control: other scripts do not run
    script = "<script>document.title = 'mine'</script></body>"
    changed.write_text(file.read_text().replace("</body>", script))
    with opened(browser, changed) as page:
        assert any("Content Security Policy" in line for line in page.messages)
        assert page.title() != "mine"


def test_buttons_change_the_plot(browser, file):
    with opened(browser, file) as page:
        before = pixels(page, "entropy")
        assert pixels(page, "entropy") == before  # negative control
        exact = button(page, "entropy", "exact")
        exact.click()
        without = pixels(page, "entropy")
        assert exact.get_attribute("aria-pressed") == "false" and without != before
        exact.press("Enter")  # by keyboard, too
        assert exact.get_attribute("aria-pressed") == "true" and pixels(page, "entropy") == before
        whole = pixels(page, "information")
        button(page, "information", "size 8").click()
        assert pixels(page, "information") != whole
        assert button(page, "information", "4x8").is_visible()
        button(page, "information", "size 4").click()
        assert button(page, "information", "4x8").is_hidden()  # 4x4 has no such halves
        assert pixels(page, "information") == whole


def test_the_pointer_reads_a_value(browser, file):
    with opened(browser, file) as page:
        tip = page.locator("[data-name=entropy] .tip")
        assert tip.is_hidden()
        for name in ("chain rule", "exact"):
            button(page, "entropy", name).click()
        point_at(page, "entropy", x=0.03, y=0.9)  # the lowest temperature, where s is smallest
        text = tip.inner_text().replace("\n", " ")
        assert re.search(r"0\.2400 ± 0\.0020\s*temperature 1.6", text)
        point_at(page, "entropy", x=0.05, y=0.05)  # far from all points
        assert tip.is_hidden()


def test_it_zooms_and_resets(browser, file):
    with opened(browser, file) as page:
        whole, reset = span(page, "entropy"), page.locator("[data-name=entropy] .reset")
        assert whole > 1.9 and reset.is_hidden()
        point_at(page, "entropy", x=0.4, y=0.5)
        page.mouse.down()
        point_at(page, "entropy", x=0.7, y=0.5)
        page.mouse.up()
        assert span(page, "entropy") == pytest.approx(0.3 * whole, rel=0.05)
        reset.click()
        assert span(page, "entropy") == pytest.approx(whole) and reset.is_hidden()


def test_a_state_point_unfolds_to_its_training(browser, file):
    with opened(browser, file) as page:
        unfold, detail = page.locator(".unfold").nth(7), page.locator("tr.detail").nth(7)
        assert detail.is_hidden()
        unfold.click()
        settle(page)
        assert detail.is_visible() and unfold.get_attribute("aria-expanded") == "true"
        assert detail.locator("canvas").count() == 1 and "4x8" in detail.inner_text()
        first, second = (detail.locator(f"button[value='fold {fold}']") for fold in (1, 2))
        second.click()
        assert second.is_visible()
        detail.locator("button[value='chain rule']").click()  # with one fold here
        settle(page)
        assert second.is_hidden() and first.is_visible()
        unfold.click()
        assert detail.is_hidden() and page.messages == []


WIDE = """() => [...document.body.querySelectorAll('*')]
    .filter(part => !part.closest('.scroll') || part.closest('.points'))
    .filter(part => !part.closest('.inner'))
    .filter(part => part.getBoundingClientRect().right > 391).map(part => part.tagName)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser, file, scheme):
    options = {"color_scheme": scheme, "has_touch": True, "is_mobile": True}
    with opened(browser, file, width=390, **options) as page:
        page.locator(".unfold").nth(7).click()
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert not page.evaluate(WIDE)
        assert page.locator(".canvas").first.bounding_box()["width"] > 330
        exact = button(page, "entropy", "exact")
        exact.tap()
        assert exact.get_attribute("aria-pressed") == "false"
        page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
        settle(page)
        assert page.messages == []
