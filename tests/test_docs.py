"""The site without building it: pages, links, what the API covers, blocks that are executed."""

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
    """Pages that the navigation names."""
    return re.findall(r":\s+([\w/-]+\.md)\s*$", CONFIG[CONFIG.index("\nnav:") :], re.MULTILINE)


def slug(heading: str) -> str:
    """The anchor of a heading, as Python-Markdown makes it."""
    plain = re.sub(r"[`*]", "", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def broken(page: str, text: str) -> list[str]:
    """Targets of a page's links and images that are not there."""
    found = []
    prose = FENCE.sub("", text)
    for target in LINK.findall(prose) + IMAGE.findall(prose):
        name, _, anchor = target.partition("#")
        if re.match(r"\w+:", target):
            continue
        path = (DOCS / page).parent / name if name else DOCS / page
        if not path.is_file():
            found.append(target)
        elif anchor and path.suffix == ".md":
            headings = re.findall(
                r"^#+ (.*)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE
            )
            found += [target] * (anchor not in map(slug, headings))
    return found


def public_modules() -> set[str]:
    """Modules that users may import; the command line has a page of its own."""
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
def test_links_lead_somewhere(page):
    assert broken(page, text_of(page)) == []


def test_a_broken_link_is_seen():
    text = "[a](nowhere.md) [b](limits.md#no-such-heading) [c](limits.md#the-method) ![d](none.png) [e](https://x.org)"
    assert broken("index.md", text) == ["nowhere.md", "limits.md#no-such-heading", "none.png"]


def test_every_public_module_is_in_the_api_once():
    shown = [
        name
        for page in PAGES
        if page.startswith("api/")
        for name in re.findall(r"^::: (\S+)$", text_of(page), re.MULTILINE)
    ]
    assert sorted(shown) == sorted(public_modules())
    assert {
        "moiety.data.samples",
        "moiety.estimation.critics.points",
        "moiety.exact.kaufman",
    } <= set(shown)


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


def test_every_executed_page_names_what_it_imports():
    """Sessions are a page's own: a block without one imports all that it uses from `executed`."""
    for page in PAGES:
        for options, code in re.findall(
            r'^```python ([^\n]*exec="1"[^\n]*)\n(.*?)^```$',
            text_of(page),
            re.MULTILINE | re.DOTALL,
        ):
            names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
            if "session=" not in options and names & {"command", "table", "picture"}:
                assert "from executed import" in code, page


def test_nothing_is_fetched_from_elsewhere():
    assert re.search(r"^  font: false$", CONFIG, re.MULTILINE) and re.search(
        r"^  - offline$", CONFIG, re.MULTILINE
    )
    assert "analytics" not in CONFIG and "http" not in CONFIG
    styles = (DOCS / "assets" / "extra.css").read_text(encoding="utf-8")
    assert "@import" not in styles and "url(" not in styles


def test_a_failing_block_fails_the_build():
    """MkDocs counts the warnings that it prints: told to be quiet it finds nothing to be strict about."""
    line = next(
        line
        for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
        if "mkdocs build" in line
    )
    assert "--strict" in line and not re.search(r"\s(-q|--quiet)\b", line)
