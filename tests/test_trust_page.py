"""The table of docs/trust.md has every row of the tests; `validation/trust.py` writes it."""

from pathlib import Path

import pytest

from treacherous_commands import ROWS as COMMANDS
from treacherous_files import ROWS as FILES
from treacherous_samples import ROWS as SAMPLES

PAGE = (Path(__file__).parent.parent / "docs" / "trust.md").read_text(encoding="utf-8")
CODES = {
    **{row.what: str(row.code) for row in FILES},
    **{row.what: "0, doubtful" for row in SAMPLES},
    **{what: str(code) for what, _, _, code in COMMANDS},
}


@pytest.mark.parametrize("what", CODES)
def test_the_page_shows_every_input_with_its_exit_code(what):
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| {what} | ")]
    assert len(rows) == 1
    _, _, code, line, _ = (part.strip() for part in rows[0].replace("\\|", " ").split("|"))
    assert code == CODES[what] and line
