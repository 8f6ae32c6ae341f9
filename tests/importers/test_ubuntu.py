"""The Ubuntu Dialogue Corpus in both its shapes at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports

ROWS = [
    ("2008-04-23T14:55:00.000Z", "bo", "", "hi"),
    ("2008-04-23T14:56:00.000Z", "ada", "bo", "x"),
]


@pytest.mark.parametrize("table", ["a.csv", "z.csv"])
def test_a_dialogue_of_the_tree_and_of_a_table_comes_once(table: str, tmp_path: Path) -> None:
    (tmp_path / "dialogs" / "2").mkdir(parents=True)
    (tmp_path / "dialogs" / "2" / "1.tsv").write_text("".join("\t".join(r) + "\n" for r in ROWS))
    rows = [["folder", "dialogueID", "date", "from", "to", "text"]]
    rows += [["2", "1.tsv", *row] for row in ROWS] + [["2", "7.tsv", *ROWS[0]]]
    (tmp_path / table).write_text("".join(",".join(row) + "\n" for row in rows))
    report = ImportReport()
    found = list(read_exports(tmp_path, ImportOptions(), report))
    assert sorted((m.thread, m.text) for m in found) == [
        ("2/1.tsv", "hi"),
        ("2/1.tsv", "x"),
        ("2/7.tsv", "hi"),
    ]
    assert report.left_out == {"duplicate": 2}
