"""Lines that a text reader joins to the message above, though they look like a message's first."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.parsing.suspicious_lines import is_header_like


@pytest.mark.parametrize(
    "line",
    [
        "2026/7/9 下午3:04 - Mira: kettle on",
        "[2026/7/9 02:28:09] Mira: kettle on",
        "［2026/7/9 02:28:09］ Mira: kettle on",
        "【2026-7-9 2:28】Mira: kettle on",
        "24/9/1 AM 9:06 - Mira: hi",
        "24. 9. 1. 오전 9:05 - Mira: hi",
        "2026년 7월 9일 오후 3:04, Mira : hi",
        "2026年7月9日 15時04分 Mira: hi",
        "\u200e[9.7.26, 15:04:05] Mira: hi",
        "31.12.2023 klo 23.59 - Mira: hi",
        "٣١\u200f/١٢\u200f/٢٠٢٣، ١١:٥٩ م - Mira: hi",
        "9/7/2569 15:04 - Mira: hi",
        "9 Jul 2026, 15:04 - Mira: hi",
        "9. Juli 2026 um 15:04 - Mira: hi",
        "9 de julio de 2026, 15:04 - Mira: hi",
        "09-Jul-26 3:04 PM Mira: hi",
        "Jul 9, 2026, 3:04\u202fPM, Mira : hi",
        "Thu, Jul 9, 2026, 15:04:05 - Mira: hi",
        "Thu, 7/9/2026 3:04 PM Mira: hi",
        "2026-07-09T15:04:05Z <mira> hi",
        "2026-07-09 15:04:05\tmira\thi",
        "2026-07-09 15:04:05.123+02:00 mira: hi",
        "[2026-07-09 15:04:05] <mira> hi",
        "01.04.2015 - 16:00:27; Mira: hi",
        "[15:04, 9/7/2026] Mira: hi",
        "15:04\tMira\thi",
        "下午03:04\tMira\thi",
        "３:０４\tMira\thi",
    ],
)
def test_headers(line: str) -> None:
    assert is_header_like(line)


@pytest.mark.parametrize(
    "line",
    [
        "", "hi", "1/2", "9/7/2026", "see you on 9/7/2026 at 15:04: be there",
        "15:04 Mira: hi", "2026", "3 cups of tea: 10:05", "9 cups 2026, 15:04 - Mira: hi",
        "Version 1.2.3 of the kettle", "192.168.1.17:8080 is the kettle: look", "+44 7700 900123",
        "9/7/2026 15:04", "- 12/10: tea",
    ],
)  # fmt: skip
def test_other_lines(line: str) -> None:
    assert not is_header_like(line)


def imported(path: Path) -> ImportReport:
    report = ImportReport()
    list(read_exports(path, ImportOptions(tz="UTC"), report))
    return report


FILES = {
    "whatsapp": "9/7/2026, 15:04 - Mira: tea\n9/7/2026, 15:05 - Bob: no",
    "line": "[LINE] Chat history with Mira\nSaved on: 2026/07/09 10:00\n\n2026/07/09(Thu)\n"
    "15:04\tMira\ttea",
    "kakaotalk": "Jul 9, 2026, 3:04 PM, Mira : tea",
    "wechat": "2026-07-09 15:04:05 Mira\ntea\n\n2026-07-09 15:04:09 Bob\nno",
    "matrix": "Thu, Jul 9, 2026, 15:04:05 - Mira: tea",
    "signal": "[2026-07-09 15:04:05] Mira: tea  \n\n[2026-07-09 15:04:09] Bob: no  ",
    "irc": "Conversation with #tea at Thu 09 Jul 2026 03:04:05 PM CEST on mira@example.org (irc)\n"
    + "\n".join(f"(03:04:{second} PM) mira: tea" for second in range(10, 40)),
}


@pytest.mark.parametrize("name", FILES)
def test_joined_headers_are_said_in_one_note(name: str, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        pasted = "【15:06, 9.7.2026】 Nils: green"
        text = f"{FILES[name]}\nit says\n{pasted}\n{pasted}\n"
        (tmp_path / folder / "chat.txt").write_text(text, "utf-8")
    report = imported(tmp_path)
    (note,) = [note for note in report.notes if "joined" in note]
    assert note.startswith("4 lines that were joined to the message above look like ")
    assert "(first: a/chat.txt:" in note
    assert "joined header" not in {*report.repairs, *report.examples}


def test_one_line_and_none(tmp_path: Path) -> None:
    file = tmp_path / "chat.txt"
    file.write_text(FILES["whatsapp"], "utf-8")
    assert not [note for note in imported(file).notes if "joined" in note]
    file.write_text(FILES["whatsapp"] + "\n【15:06, 9.7.2026】 Nils: green", "utf-8")
    (note,) = [note for note in imported(file).notes if "joined" in note]
    assert note.startswith("1 line that was joined to the message above looks like ")
