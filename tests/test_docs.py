"""Checks of the site without building it: pages, links, coverage of the API, executed blocks."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS, PACKAGE = ROOT / "docs", ROOT / "src" / "moiety"
CONFIG = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
TUTORIALS = [page for page in PAGES if page.startswith("tutorials/")]

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r'^```(\w+)[^\n]*\bexec="1"[^\n]*\n(.*?)^```$', re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1$", re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def nav() -> list[str]:
    """Return the pages that the navigation lists."""
    return re.findall(r":\s+([\w/-]+\.md)\s*$", CONFIG[CONFIG.index("\nnav:") :], re.MULTILINE)


def slug(heading: str) -> str:
    """Return the anchor that Python-Markdown makes for a heading."""
    plain = re.sub(r"[`*]", "", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def broken(page: str, text: str) -> list[str]:
    """Return the targets of links and images that do not exist."""
    missing = []
    prose = FENCE.sub("", text)
    for target in LINK.findall(prose) + IMAGE.findall(prose):
        name, _, anchor = target.partition("#")
        if re.match(r"\w+:", target):
            continue
        path = (DOCS / page).parent / name if name else DOCS / page
        if not path.is_file():
            missing.append(target)
        elif anchor and path.suffix == ".md":
            headings = re.findall(
                r"^#+ (.*)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE
            )
            missing += [target] * (anchor not in map(slug, headings))
    return missing


def public_modules() -> set[str]:
    """Return the public modules; the command line has a page of its own."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if parts and parts[0] != "cli" and not any(part.startswith("_") for part in parts):
            names.add(".".join(("moiety", *parts)))
    return names


def test_every_page_is_in_the_navigation_once():
    pages = nav()
    assert len(pages) > 20 and sorted(pages) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_links_have_targets(page):
    assert broken(page, text_of(page)) == []


def test_broken_links_are_detected():
    text = (
        "[a](nowhere.md) [b](limits.md#no-such-heading) [c](limits.md#the-method) "
        "![d](none.png) [e](https://x.org)"
    )
    assert broken("index.md", text) == ["nowhere.md", "limits.md#no-such-heading", "none.png"]


def test_the_api_lists_every_public_module_once():
    listed = [
        name
        for page in PAGES
        if page.startswith("api/")
        for name in re.findall(r"^::: (\S+)$", text_of(page), re.MULTILINE)
    ]
    assert sorted(listed) == sorted(public_modules())
    assert {
        "moiety.data.samples",
        "moiety.estimation.critics.points",
        "moiety.exact.kaufman",
    } <= set(listed)


def test_executed_blocks_compile():
    blocks = [
        (page, language, code) for page in PAGES for language, code in BLOCK.findall(text_of(page))
    ]
    assert len(blocks) > 30 and {language for _, language, _ in blocks} == {"python"}
    for page, _, code in blocks:
        compile(code, page, "exec")
    with pytest.raises(SyntaxError):  # negative control
        compile("print(", "page", "exec")


@pytest.mark.parametrize("page", TUTORIALS)
def test_a_tutorial_runs_code_and_ends_with_what_to_trust(page):
    text = text_of(page)
    assert len(BLOCK.findall(text)) > 5
    assert (
        re.findall(r"^## (.*)$", FENCE.sub("", text), re.MULTILINE)[-1]
        == "What to trust, and what not to"
    )


def test_blocks_without_a_session_import_what_they_use():
    """A block without a session must import from `executed` whatever it uses of it."""
    for page in PAGES:
        for options, code in re.findall(
            r'^```python ([^\n]*exec="1"[^\n]*)\n(.*?)^```$',
            text_of(page),
            re.MULTILINE | re.DOTALL,
        ):
            names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
            if "session=" not in options and names & {"command", "table", "picture"}:
                assert "from executed import" in code, page


def test_the_site_fetches_nothing_from_the_network():
    assert re.search(r"^  font: false$", CONFIG, re.MULTILINE) and re.search(
        r"^  - offline$", CONFIG, re.MULTILINE
    )
    assert "analytics" not in CONFIG and "http" not in CONFIG
    styles = (DOCS / "assets" / "extra.css").read_text(encoding="utf-8")
    assert "@import" not in styles and "url(" not in styles


def test_a_failing_block_fails_the_build():
    """MkDocs is strict about the warnings that it prints, so it must not be quiet."""
    line = next(
        line
        for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
        if "mkdocs build" in line
    )
    assert "--strict" in line and not re.search(r"\s(-q|--quiet)\b", line)
