"""Which files are taken for IRC logs, whatever stands before the first message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from chatmimic.errors import UnknownFormat
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.records import Message


def read(path: Path) -> tuple[list[Message], ImportReport]:
    report = ImportReport()
    return list(read_exports(path, ImportOptions(tz="UTC"), report)), report


def counted(tmp_path: Path, rows: Sequence[str], name: str = "#tea-2024-05-01.log") -> Counter[str]:
    (tmp_path / name).write_text("".join(f"{row}\n" for row in rows))
    messages, report = read(tmp_path / name)
    assert report.format == "IRC log"
    return Counter(message.kind.value for message in messages)


SAID = ["[12:00] <mira> hi", "[12:01] <bob> ho", "[12:02]  * mira waves"]
STAMPLESS = [f"=== tove{n} [~t@example.org] has joined #tea" for n in range(60)]


def test_events_without_a_stamp_do_not_outvote_messages_with_one(tmp_path: Path) -> None:
    rows = [*STAMPLESS, SAID[0], *STAMPLESS, *SAID[1:]]
    assert counted(tmp_path, rows) == {"system": 120, "text": 2, "action": 1}


COLONED = ["ada: hi there", "bob: ada: see http://a.org: yes", "ada: bob, no", "• ada waves"]


@pytest.mark.parametrize("stamp", ["[12:00]", "[12:00:01]", "12:00", "2024-05-01 12:00:01"])
@pytest.mark.parametrize(
    ("rows", "name", "kinds"),
    [
        (COLONED[:3], "talk.txt", {"text": 3}),
        (COLONED[:1] + COLONED[3:] + ["• bob: sits"], "talk.txt", {"text": 1, "action": 2}),
        (["ada: hi", "bob: ho"], "#tea.log", {"text": 2}),
        (["ada: hi", "bob: ho", "tove (~t@a.org) joined #tea"], "a.txt", {"text": 2, "system": 1}),
        (["@ada: hi", "Quits: bob (b@a.org)", "bob: joined the channel", "mode/#tea: +o ada"],
         "#tea.log", {"text": 2, "system": 2}),
    ],
)  # fmt: skip
def test_a_colon_may_follow_the_nick(
    stamp: str, rows: list[str], name: str, kinds: dict[str, int], tmp_path: Path
) -> None:
    assert counted(tmp_path, [f"{stamp} {row}" for row in rows], name) == kinds


@pytest.mark.parametrize("stamp", ["[01.05.2024 12:00]", "[5/1/24 12:00:01]"])
def test_what_has_whatsapps_stamp_and_irc_s_nicks_is_a_log(stamp: str, tmp_path: Path) -> None:
    rows = ["<ada> hi", "<bob> ada: ho", "* ada has quit (Quit: tea)"]
    kinds = {"text": 2, "system": 1}
    assert counted(tmp_path, [f"{stamp} {row}" for row in rows], "#tea.log") == kinds


def test_nicks_behind_androids_stamps_are_nobodys(tmp_path: Path) -> None:
    rows = ["<ada> hi", "<bob> ada: ho", "* ada has quit (Quit: tea)"]
    (tmp_path / "#tea.log").write_text("".join(f"5/1/24, 12:00 - {row}\n" for row in rows))
    with pytest.raises(UnknownFormat):
        read(tmp_path / "#tea.log")


@pytest.mark.parametrize("gap", [" ", "  ", "    ", "\t"])
@pytest.mark.parametrize(
    "stamp", ["[12:00]", "12:00:01", "(12:00)", "Dec 31 23:59:00", "[05-Mar-2004 17:28:10]",
              "2024-05-01T12:00:00Z", "[14 Jan 10:36]", "[Sat Jul 2 2005] [11:21:37]"],
)  # fmt: skip
def test_any_gap_may_follow_the_stamp(stamp: str, gap: str, tmp_path: Path) -> None:
    said = ["<mira> hi", "<@bob> ho", "* mira has quit smoking", "* tove has quit"]
    kinds = {"text": 2, "action": 1, "system": 1}
    assert counted(tmp_path, [stamp + gap + words for words in said]) == kinds


@pytest.mark.parametrize(
    "event",
    ["[12:00] *** tove has joined #tea", "[12:00] * tove has quit", "12:00 --> tove joined #tea",
     "12:00 -!- tove is now known as ingrid", "2024-05-01T12:00:00  *** tove has left #tea",
     "[12:00] tove glides into the room like a swan", "=== tove is now known as ingrid"],
)  # fmt: skip
@pytest.mark.parametrize("count", [40, 700])
def test_hundreds_of_events_may_come_first(event: str, count: int, tmp_path: Path) -> None:
    stamp = "" if event.startswith("=") else event.partition(" ")[0] + " "
    said = [f"{stamp or '12:00 '}<mira> {n}" for n in range(3)]
    found = counted(tmp_path, [event] * count + said)
    assert found["text"] == 3
    assert found.total() == count + 3


@pytest.mark.parametrize(
    "events",
    [["=== tove is now known as ingrid"], ["[12:00] * tove has joined #tea"] * 2,
     ["12:00 -!- tove has quit [bye]"], ["2024-05-01T12:00:00  *** tove has joined #tea"],
     ["[12:00:01] *** Joins: tove (t@example.org)", "[12:00:02] *** tove sets mode: +o bob"],
     ["2024-05-01 12:00:00\t-->\ttove (t@example.org) has joined #tea"],
     ["--- Log opened Sat Jul 02 11:21:37 2005", "11:30 -!- tove has left #tea [bye]"]],
)  # fmt: skip
def test_a_log_of_events_alone_is_one(events: list[str], tmp_path: Path) -> None:
    assert counted(tmp_path, events) == {"system": len(events)}


@pytest.mark.parametrize(
    "rows",
    [["[12:00] starting", "[12:01] *** done ***"], ["=== RESULTS ===", "=== 3 passed ==="],
     ["--- a/tea.txt", "+++ b/tea.txt"], ["* one", "* two"], ["12:00 lunch", "13:00 tea"],
     ["12:00 Lunch: soup", "13:00 Tea: cake"], ["[12:00] link: started", "[12:01] test: failed"],
     ["[12:00] INFO: tea started", "[12:01] app: INFO: x", "[12:02] INFO: app: y"],
     ["2024-05-01 12:00:00 INFO started", "2024-05-01 12:00:01 ERROR <nil> stopped"]],
)  # fmt: skip
def test_other_lines_are_none(rows: list[str], tmp_path: Path) -> None:
    (tmp_path / "notes.log").write_text("\n".join(rows))
    with pytest.raises(UnknownFormat):
        read(tmp_path / "notes.log")


def test_logs_vouch_for_what_lies_beside_them(tmp_path: Path) -> None:
    for day, rows in {
        "01": SAID,
        "02": ["[12:00] the server hums", "[12:01] <mira> hi", "[12:02] x", "[12:03] y"],
        "03": ["[09:00] nothing here"],
    }.items():
        path = tmp_path / "logs" / f"2024-05-{day}" / "#tea.log"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{row}\n" for row in rows))
    (tmp_path / "logs" / "2024-05-01" / "notes.txt").write_text("[12:00] buy tea\n")
    messages, report = read(tmp_path / "logs")
    assert [m.text for m in messages if m.kind.has_words] == ["hi", "ho", "waves", "hi"]
    assert report.left_out == {"unparsed": 4}
    assert [note for note in report.notes if "notes.txt" in note]


def test_a_star_before_an_address_is_no_action_even_where_events_have_marks(tmp_path: Path) -> None:
    rows = [
        "*** tove (~t@a.org) has joined #tea",
        "* tove (~t@a.org) hat #tea betreten",
        "<mira> hi",
    ]
    kinds = {"system": 2, "text": 1}
    assert counted(tmp_path, [f"[12:00] {row}" for row in rows]) == kinds
