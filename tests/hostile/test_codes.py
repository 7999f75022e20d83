"""What a code means can be looked up: the server says none that is not written down."""

import re
from pathlib import Path

from tests.hostile.attacker import KNOWN

ROOT = Path(__file__).resolve().parents[2]
SAID = re.compile(r"""(?:RefusalError|problem)\(\s*\d{3},\s*"([^"]+)\"""")


def test_every_code_that_the_server_says_is_on_the_page_of_errors() -> None:
    page = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    sources = [file.read_text("utf-8") for file in (ROOT / "server").glob("*.py")]
    said = {code for source in sources for code in SAID.findall(source)}
    assert len(said) > 20
    assert sorted(said - KNOWN) == []
    assert [
        code for code in sorted(said) if f"`{code}`" not in page and f"## {code}" not in page
    ] == []
