"""Both pages in a browser with markup in every string that can come from a file: nothing runs.

A page that is opened must ask for nothing, open no dialogue, set no variable and hold no element
that its template does not have; and the strings must be shown as they are.
"""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from moiety.report import render_report, render_sweep_report
from moiety.results.result import EntropyResult
from moiety.results.types import Check, Status
from moiety.sweep import Plan, Store
from moiety.sweep.plan import Point
from moiety.sweep.store import TRIES
from pages import CHROMIUM, make_result
from sweep_pages import make_result as sweep_result

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")

# `hit` is set if a payload runs.  Curly braces are for templates, in Python and in scripts.
PAYLOADS = {
    "a script": "<script>window.hit=1</script>",
    "an image": "\"><img src=x onerror='window.hit=1'>",
    "the end of a script": "</script><script>window.hit=1</script>",
    "a comment": "<!--<script>window.hit=1</script>",
    "a template": "{{ 7*7 }}{% for a in b %}${window.hit=1}",
    "an attribute": "' onmouseover='window.hit=1' autofocus onfocus='window.hit=1",
    "a drawing": "<svg onload=window.hit=1><style>*{display:none}</style>",
    "an entity": "&lt;b&gt;&#60;script&#62;window.hit=1&#60;/script&#62;",
    "a line of a script": '\u2028"-(window.hit=1)-"\\u003cscript>',
    "a link": "<a href='javascript:window.hit=1'>here</a><base href='https://x.invalid/'>",
    "a frame": "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "a refresh": "<meta http-equiv=refresh content='0;url=https://x.invalid/'>",
}
FOREIGN = "img, iframe, base, a[href^=javascript], [onerror], [onload], [onfocus], [onmouseover]"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-gpu"]}
        opened = playwright.chromium.launch(**options)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def scripts(browser, tmp_path_factory):
    """Number of scripts in the page of a harmless sweep."""
    folder = tmp_path_factory.mktemp("harmless")
    with opened(browser, folder, render_sweep_report(store_of(folder / "store", "plain"))) as page:
        return page.locator("script").count()


@contextmanager
def opened(browser, folder, source):
    """A page that records what it asks for, and the dialogues that it opens."""
    path = folder / "page.html"
    path.write_text(source, encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.requests, page.dialogues = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on(
        "dialog", lambda dialogue: (page.dialogues.append(dialogue.message), dialogue.dismiss())
    )
    page.goto(path.as_uri())
    page.wait_for_timeout(100)
    yield page
    context.close()


def result_of(text) -> EntropyResult:
    """A result with this text wherever a file could have put it."""
    plain = make_result()
    levels = tuple(
        replace(level, status=text, bounds={text: 0.1}, histories=()) for level in plain.levels
    )
    origin = {"system": text, "parameters": {text: text, "size": text}, "file": text}
    return replace(
        plain,
        unit=text,
        levels=levels,
        budget={text: 0.1},
        timing={text: 1.0, "total": 2.0},
        status=Status((Check(text, False, text), Check(text, True, text))),
        samples={**plain.samples, "kind": text},
        provenance={
            "file": text,
            "digest": text,
            "reading": {text: text, "axes": [text]},
            "samples": origin,
            "configuration": {text: [text, {text: text}]},
        },
    )


def store_of(folder, text) -> Store:
    """A store of files whose names, labels, hosts, logs and results hold this text."""
    points = [
        Point(
            {"file": f"{text}-{t}.npy", "digest": "0", "reading": {"axes": text}},
            {},
            (text,),
            seed=0,
            labels={"system": text, "file": f"{text}-{t}", "temperature": t, "seed": 0, text: text},
        )
        for t in (3.0, 2.5, 2.0, 1.5)
    ]
    plan, store = Plan(((*points,),)), Store(folder)
    store.save_plan(plan)
    for point in points[:2]:
        result = sweep_result(8, point.labels["temperature"])
        status = Status((Check(text, False, text),))
        levels = tuple(replace(level, status=text) for level in result.levels)
        origin = {**result.provenance, "samples": {"system": text, "parameters": {text: text}}}
        result = replace(result, status=status, provenance=origin, levels=levels)
        store.save(point, result, {text: {"value": 0.5, "error": 0.1}}, 1.0)
    for _ in range(TRIES):
        store.record_failure(points[2], f"Traceback\nOSError: {text}\n")
    store.heartbeat(points[3], 0.5, text)
    return store


def assert_inert(page, text, scripts):
    assert page.evaluate("window.hit") is None
    assert page.dialogues == [] and page.requests == [page.url]
    assert page.locator(FOREIGN).count() == 0
    assert page.locator("script").count() == scripts
    shown = page.evaluate("document.body.textContent")
    assert "".join(text.split()) in "".join(shown.split())


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_page_of_a_result_is_inert(browser, tmp_path, name):
    text = PAYLOADS[name]
    with opened(browser, tmp_path, render_report(result_of(text))) as page:
        assert_inert(page, text, scripts=0)


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_page_of_a_sweep_is_inert(browser, tmp_path, scripts, name):
    text = PAYLOADS[name]
    source = render_sweep_report(store_of(tmp_path / "hostile", text))
    with opened(browser, tmp_path, source) as page:
        assert_inert(page, text, scripts)
        for unfold in page.locator(".unfold").all():
            unfold.click()
        page.locator("[data-name=entropy] .u-over").hover()
        assert_inert(page, text, scripts)


def test_a_page_that_is_not_inert_is_noticed(browser, tmp_path):
    """Negative control: markup that is not escaped, in a page without a policy."""
    with opened(browser, tmp_path, f"<body>{PAYLOADS['a script']}</body>") as page:
        assert page.evaluate("window.hit") == 1
    with opened(browser, tmp_path, f'<body title="{PAYLOADS["an image"]}</body>') as page:
        assert page.locator(FOREIGN).count() == 1
