"""docs/formats.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from chatmimic.importers import formats
from chatmimic.importers.columns.roles import NAMES, ROLES
from chatmimic.importers.report import REASONS

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_every_format_and_every_reason_is_on_the_page() -> None:
    for info in formats():
        assert f"| `{info.name}` |" in PAGE
    for reason in REASONS.values():
        assert f"`{reason}`" in PAGE


def test_every_column_name_on_the_page_is_known() -> None:
    table = PAGE[PAGE.index("| role | names |") : PAGE.index("Other names are given")]
    assert set(re.findall(r"`(\w+)`", table)) >= set(ROLES)
    for role in ("sender", "text", "time"):
        row = re.search(rf"^\| `{role}` \| ([\w, ]+)", table, re.MULTILINE)
        assert row is not None
        assert set(row[1].strip().split(", ")) <= set(NAMES[role])
