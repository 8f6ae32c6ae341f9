"""Text copied from Discord's client: every look of its lines, and days told from the paste."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from importing import read

from chatmimic.errors import UnknownFormat
from chatmimic.importers import ImportReport
from chatmimic.importers.discord.pasted.client_additions import RecentMessages, clean
from chatmimic.importers.discord.pasted.headings import DisplayedTime, bracketed, heading, separator
from chatmimic.importers.discord.pasted.reader import is_pasted
from chatmimic.importers.discord.pasted.single_line import split
from chatmimic.records import Kind

BASE = "2021-03-05"  # a Friday


def pasted(folder: Path, text: str, **options: Any) -> list[tuple[str, str, str]]:
    """Sender, text and local time of every message of a paste."""
    path = folder / f"chat {BASE}.txt"
    path.write_text(text, encoding="utf-8")
    found, _ = read(path, **options)
    return [(m.sender, m.text, shown(m.sent_at)) for m in found]


def shown(sent_at: int | None) -> str:
    return f"{datetime.fromtimestamp((sent_at or 0) / 1000, UTC):%d %H:%M}"


@pytest.mark.parametrize(
    ("line", "name", "bot", "written"),
    [
        ("AdaToday at 12:06 PM", "Ada", False, "Today at 12:06 PM"),
        ("AdaBOTToday at 12:06 PM", "Ada", True, "Today at 12:06 PM"),
        ("RoBOTToday at 12:06 PM", "Ro", True, "Today at 12:06 PM"),  # nothing tells
        ("AdaYesterday at 9:00 PM", "Ada", False, "Yesterday at 9:00 PM"),
        ("AdaLast Saturday at 9:00 PM", "Ada", False, "Last Saturday at 9:00 PM"),
        ("Ada07/24/2018", "Ada", False, "07/24/2018"),
        ("🍵Today at 8:39 AM", "🍵", False, "Today at 8:39 AM"),
        ("Ada (she/her) [COM]Today at 4:34 PM", "Ada (she/her) [COM]", False, "Today at 4:34 PM"),
        ("Ada - Today at 11:00 AM", "Ada", False, "Today at 11:00 AM"),
        ("AdaBOT - Today at 11:00 AM", "Ada", True, "Today at 11:00 AM"),
        ("Ada - 07/14/2018", "Ada", False, "07/14/2018"),
        ("Ada - the one - Today at 11:00 AM", "Ada - the one", False, "Today at 11:00 AM"),
        ("Ada — Today at 7:09 PM", "Ada", False, "Today at 7:09 PM"),
        ("Ada — Yesterday at 19:09", "Ada", False, "Yesterday at 19:09"),
        ("Ada — 12/07/2023 4:47 PM", "Ada", False, "12/07/2023 4:47 PM"),
        ("Ada — 13/10/2023 22:50", "Ada", False, "13/10/2023 22:50"),
        ("Ada — 10/09/2022", "Ada", False, "10/09/2022"),
        ("Ada — 3/22/26, 9:53 PM", "Ada", False, "3/22/26, 9:53 PM"),
        ("Ada — 3/22/26, 9:53\u202fPM", "Ada", False, "3/22/26, 9:53\u202fPM"),
        ("Ada — 4:39 PM", "Ada", False, "4:39 PM"),
        ("Ada APP — 4:39 PM", "Ada", True, "4:39 PM"),
        ("Ada#1815 — Today at 7:09 PM", "Ada#1815", False, "Today at 7:09 PM"),
        ("— Today at 7:09 PM", "", False, "Today at 7:09 PM"),
        ("Ada — 今日 10:21", "Ada", False, "今日 10:21"),
        ("Ada — Heute um 10:21 Uhr", "Ada", False, "Heute um 10:21 Uhr"),
    ],
)
def test_lines_above_messages(line: str, name: str, bot: bool, written: str) -> None:
    found = heading(line, free=True)
    assert found is not None
    assert (found.name, found.is_bot, found.when.written) == (name, bot, written)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "See you Today at 5:00 PM",
        "it was on 07/24/2018",
        "https://example.org/07/24/2018",
        "done-07/24/2018 they say",
        "dinner - 19:30",
        "we met — I think — in 2018",
        "AdaToday at 25:99",
        "AdaSomeday at 5:00 PM",
        "x" * 200 + "Today at 5:00 PM",
        "—Today at 5:00 PM and more",
        "[ - 1/2/24",
        "[ - 01/02/2024",
        "see you - 1/2/24",
        "[Mira] [2:37 PM] come — Today at 5:00 PM",
        "2024/1/2 14:05 Mira - Today at 5:00 PM",
    ],
)
def test_lines_that_are_said(line: str) -> None:
    assert heading(line, free=True) is None


def test_times_in_brackets_and_days_between() -> None:
    assert bracketed("[11:34 PM]") == (DisplayedTime("[11:34 PM]", (23, 34, 0)), "")
    assert bracketed("[3:17 PM] so") == (DisplayedTime("[3:17 PM]", (15, 17, 0)), "so")
    assert bracketed("[note] so") is None
    assert str(separator("July 25, 2018")) == "2018-07-25"
    assert [separator(text) for text in ("July 25", "Juno 25, 2018", "July 35, 2018")] == [None] * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # from the day of the paste
        (
            "Ada — Last Saturday at 1:00 PM\na\nBo — Yesterday at 1:00 PM\nb\n",
            [("Ada", "a", "27 13:00"), ("Bo", "b", "04 13:00")],
        ),
        # a step back is another paste, a day later
        (
            "Ada — Today at 1:00 PM\na\nBo — Today at 9:00 AM\nb\nAda — Today at 9:01 AM\nc\n",
            [("Ada", "a", "04 13:00"), ("Bo", "b", "05 09:00"), ("Ada", "c", "05 09:01")],
        ),
        # midnight within one person's messages
        (
            "Ada — Yesterday at 11:58 PM\na\n[12:01 AM] b\nBo — Today at 12:02 AM\nc\n",
            [("Ada", "a", "04 23:58"), ("Ada", "b", "05 00:01"), ("Bo", "c", "05 00:02")],
        ),
        # lines that name a day count for more
        (
            "March 1, 2021\nAdaToday at 1:00 PM\na\nMarch 2, 2021\n[8:00 AM]\nc\n"
            "BoToday at 9:00 AM\nb\n",
            [("Ada", "a", "01 13:00"), ("Ada", "c", "02 08:00"), ("Bo", "b", "02 09:00")],
        ),
        # a day without a time of day, then one with
        (
            "Ada — 03/02/2021\na\nBo — 13/02/2021\nb\n[11:34 PM] c\nBo — 13/02/2021\nd\n",
            [
                ("Ada", "a", "03 00:00"),
                ("Bo", "b", "13 00:00"),
                ("Bo", "c", "13 23:34"),
                ("Bo", "d", "13 23:34"),
            ],
        ),
        # tags between a name and its time
        (
            "Ada — Today at 1:00 PM\na\nClerk\nAPP\n — Today at 1:01 PM\nb\nBo\n[STEP]\n"
            " — Today at 1:02 PM\nc\n",
            [("Ada", "a", "05 13:00"), ("Clerk", "b", "05 13:01"), ("Bo", "c", "05 13:02")],
        ),
        # what Discord says itself
        (
            "Ada — Today at 1:00 PM\na\nEveryone welcome\nBo\n!\n — Today at 1:01 PM\n"
            "Bo — Today at 1:02 PM\nhi\n",
            [
                ("Ada", "a", "05 13:00"),
                ("", "Everyone welcome Bo !", "05 13:01"),
                ("Bo", "hi", "05 13:02"),
            ],
        ),
        # the compact look without a space
        (
            "[1:23 AM]Bo: x: y\n[1:24 AM]Ada: hi\nmore\n",
            [("Bo", "x: y", "05 01:23"), ("Ada", "hi\nmore", "05 01:24")],
        ),
        # a time of 24 hours among those of 12
        (
            "Ada — Today at 1:00 PM\na\nBo — Today at 1:01 PM\nlunch — 12:30\nyes\n",
            [("Ada", "a", "05 13:00"), ("Bo", "lunch — 12:30\nyes", "05 13:01")],
        ),
        # a header with the sign of a quotation
        (
            "Ada — Today at 1:00 PM\na\nBo — Today at 1:01 PM\n> Ada — Today at 9:00 AM\n> old\n"
            "yes\n",
            [
                ("Ada", "a", "05 13:00"),
                ("Bo", "> Ada — Today at 9:00 AM\n> old\nyes", "05 13:01"),
            ],
        ),
        # the compact look
        (
            "[1:23 AM] BOTClerk: x: y\n[1:24 AM] Ada: hi\nmore\n",
            [("Clerk", "x: y", "05 01:23"), ("Ada", "hi\nmore", "05 01:24")],
        ),
        # a preview of what is answered stands above the answer
        (
            "Ada — Today at 1:00 PM\nwhat a cog\nBo — Today at 1:01 PM\nyes\n@Ada what a c…\n"
            "Bo — Today at 1:02 PM\nindeed\n@Ada said so\nAda — Today at 1:03 PM\nno\n",
            [
                ("Ada", "what a cog", "05 13:00"),
                ("Bo", "yes", "05 13:01"),
                ("Bo", "indeed\n@Ada said so", "05 13:02"),
                ("Ada", "no", "05 13:03"),
            ],
        ),
    ],
)
def test_pastes(text: str, expected: list[tuple[str, str, str]], tmp_path: Path) -> None:
    assert pasted(tmp_path, text) == expected
    crlf = text.replace("\n", "\r\n")
    assert pasted(tmp_path, f"\ufeff{crlf}".replace("hi", "h\u200bi")) == expected


@pytest.mark.parametrize(
    ("quoted", "first"),
    [
        ("Bo — Today at 9:00 AM\nold", "05 09:00"),
        ("Bo — Yesterday at 9:00 PM\nold\n[9:05 PM] older", "04 21:00"),
        ("Bo — Last Monday at 9:00 PM\nold\nTove — Last Monday at 9:01 PM\nand", "01 21:00"),
    ],
)
def test_a_quotation_moves_nothing(quoted: str, first: str, tmp_path: Path) -> None:
    """Talk goes on below it at the time of above."""
    text = f"Ada — Today at 1:00 PM\na\n{quoted}\nAda — Today at 1:05 PM\nb\n[1:06 PM] c\n"
    found = pasted(tmp_path, text)
    assert [at for who, _, at in found if who == "Ada"] == ["05 13:00", "05 13:05", "05 13:06"]
    assert found[1] == ("Bo", "old", first)
    _, report = read(tmp_path / f"chat {BASE}.txt", tz="UTC")
    assert "read as quotations" in report.notes[-1]


def fenced(*parts: str) -> str:
    return "".join(f"```{part}```\n" for part in parts)


A, B = "\nAda — Today at 1:00 PM\na\n", "\nBo — Today at 1:02 PM\nb\n"
TWO = [("Ada", "a", "05 13:00"), ("Bo", "b", "05 13:02")]


@pytest.mark.parametrize(
    ("text", "expected", "unparsed"),
    [
        (fenced(A + B[1:]), TWO, 0),
        ("# Log\n\nof a day\n\n" + fenced("text" + A + B[1:]), TWO, 1),
        ("# Log\n" + fenced(A) + "\nAnd then\nthis.\n" + fenced(B) + "The end.\n", TWO, 3),
        ("~~~~\nMarch 5, 2021\n" + A[1:] + B[1:] + "~~~~\n\nnotes\n", TWO, 1),
        # somebody's code
        (
            fenced(A + "```py\nx = 1\n```\n" + B[1:]),
            [("Ada", "a\n```py\nx = 1\n```", "05 13:00"), TWO[1]],
            0,
        ),
        (
            fenced(A + "```\n\nx = 1\n```\n\nso\n" + B[1:]),
            [("Ada", "a\n```\n\nx = 1\n```\n\nso", "05 13:00"), TWO[1]],
            0,
        ),
        (A[1:] + "```\nx\n```\n" + B[1:], [("Ada", "a\n```\nx\n```", "05 13:00"), TWO[1]], 0),
        (
            fenced(A + "```py\nx = 1\n" + B[1:]),
            [("Ada", "a\n```py\nx = 1", "05 13:00"), TWO[1]],
            0,
        ),
        # a fence is opened once
        (fenced(A) + B[1:], TWO, 0),
    ],
)
def test_fences_around_a_paste_are_none_of_it(
    text: str, expected: list[tuple[str, str, str]], unparsed: int, tmp_path: Path
) -> None:
    assert pasted(tmp_path, text) == expected
    _, report = read(tmp_path / f"chat {BASE}.txt", tz="UTC")
    assert report.left_out == ({"unparsed": unparsed} if unparsed else {})


@pytest.mark.parametrize(
    ("name", "thread", "title"),
    [
        ("20210305-meeting.md", "meeting", "meeting"),
        ("meeting.markdown", "meeting", "meeting"),
        ("2021-03-05.md", "2021-03-05", "2021-03-05"),
        ("alpha/chat.txt", "alpha/chat", "chat"),
        ("alpha/2021-03-05/chat.txt", "alpha/chat", "chat"),
    ],
)
def test_titles_of_pastes(name: str, thread: str, title: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(fenced(A + B[1:]), encoding="utf-8")
    messages, _ = read(tmp_path, tz="UTC")
    assert {(m.thread, m.thread_title) for m in messages} == {(thread, title)}


def test_pastes_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    for folder in ("alpha", "beta"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.txt").write_text(A[1:] + B[1:], encoding="utf-8")
    messages, report = read(tmp_path, tz="UTC")
    assert [m.thread for m in messages] == ["alpha/chat"] * 2 + ["beta/chat"] * 2
    assert report.left_out == {}


def test_the_day_of_the_paste_is_the_file_s_or_when_it_was_changed(tmp_path: Path) -> None:
    text = "Ada — Today at 1:00 PM\na\nBo — Today at 1:01 PM\nb\n"
    path = tmp_path / "chat.txt"
    path.write_text(text)
    day = datetime(2022, 7, 1, 12, tzinfo=UTC).timestamp()
    os.utime(path, (day, day))
    messages, report = read(path, tz="UTC")
    assert shown(messages[0].sent_at) == "01 13:00"
    assert report.notes == [
        'Times such as "Today at 1:00 PM" in chat.txt were counted from 2022-07-01, the day on '
        "which it was last changed; to set another day, put it into the file name, e.g. "
        "2024-05-01."
    ]
    assert {m.thread for m in messages} == {"chat"}


def test_the_order_of_dates_is_learnt_or_asked_for(tmp_path: Path) -> None:
    text = "Ada — 01/02/2021 1:00 PM\na\nBo — 01/02/2021 1:01 PM\nb\n"
    assert pasted(tmp_path, text)[0][2] == "01 13:00"
    assert pasted(tmp_path, text, date_order="mdy")[0][2] == "02 13:00"
    assert pasted(tmp_path, text + "Ada — 01/13/2021 1:00 PM\nc\n")[0][2] == "02 13:00"


@pytest.mark.parametrize(
    ("name", "written", "day"),
    [
        ("20180512-meeting.md", "05/12/2018", "2018-05-12"),
        ("20181205-meeting.md", "05/12/2018", "2018-12-05"),
        ("2018-05-13 meeting.txt", "05/12/2018", "2018-05-12"),
        ("meeting 2018-12-06.txt", "05/12/2018 1:00 PM", "2018-12-05"),
        ("log-20210305.md", "03/04/2021", "2021-03-04"),
    ],
)
def test_a_date_in_the_name_tells_the_order(
    name: str, written: str, day: str, tmp_path: Path
) -> None:
    """A paste ends on its day, or before it."""
    path = tmp_path / name
    path.write_text(f"Ada — {written}\nhi\nBo — {written}\nho\n", encoding="utf-8")
    messages, report = read(path, tz="UTC")
    assert not any("--date-order" in note for note in report.notes)
    days = {f"{datetime.fromtimestamp((m.sent_at or 0) / 1000, UTC):%Y-%m-%d}" for m in messages}
    assert days == {day}


@pytest.mark.parametrize(
    ("lines", "text", "media"),
    [
        (["a", "b"], "a\nb", False),
        (["a (edited)"], "a", False),
        (["Image"], "", True),
        (["look", "Attachment file type: unknown", "cog.zip", "5.41 MB"], "look", True),
        (["message.txt", "11 KB", "Expand"], "", True),
        (["see a.txt", "and b"], "see a.txt\nand b", False),
        (
            ["https://www.youtube.com/x", "YouTube", "Ada", "Cogs"],
            "https://www.youtube.com/x",
            False,
        ),
        (["https://github.com/x", "git it"], "https://github.com/x\ngit it", False),
        (["yes", "2", "1"], "yes", False),
        (["2"], "2", False),
        # own words below a preview
        (
            ["https://youtu.be/x", "YouTube", "Mira's films", "A film of cogs", "I like it", "so"],
            "https://youtu.be/x\nYouTube\nMira's films\nA film of cogs\nI like it\nso",
            False,
        ),
        (
            ["https://www.youtube.com/x", "YouTube", "Mira", "Cogs", "What of it?", "It is new"],
            "https://www.youtube.com/x\nWhat of it?\nIt is new",
            False,
        ),
        (
            ["see https://github.com/x", "GitHub", "GitHub - mira/x: cogs", "it is mine", "Image"],
            "see https://github.com/x\nit is mine",
            True,
        ),
        (["https://github.com/x", "GitHub", "what now?"], "https://github.com/x\nwhat now?", False),
        (["", "x", ""], "x", False),
    ],
)
def test_what_the_client_adds_is_taken_away(lines: list[str], text: str, media: bool) -> None:
    report = ImportReport()
    found = clean(lines, report)
    assert (found.text, found.media) == (text, media)
    assert all(report.repairs.values())


def test_previews_are_known_by_what_they_quote() -> None:
    said = RecentMessages()
    said.add("Ada L", "a long story of cogs and wheels")
    assert said.is_preview("@Ada L a long story of…")
    assert not said.is_preview("@Ada L what a story")
    assert not said.is_preview("@Bo a long story")
    assert not said.is_preview("@Ada L")


def test_a_paste_without_line_ends_is_parted_at_the_names_that_come_again() -> None:
    line = (
        "Ulti JohnToday at 1:00 PM hi AdaToday at 1:01 PM ok Ulti JohnToday at 1:02 PM well well "
        "AdaToday at 1:03 PM ok BoBOTToday at 1:04 PM beep 07/07 AdaToday at 1:05 PM bye"
    )
    assert [(p.name, p.is_bot, p.text) for p in split(line)] == [
        ("Ulti John", False, "hi"),
        ("Ada", False, "ok"),
        ("Ulti John", False, "well well"),
        ("Ada", False, "ok"),
        ("Bo", True, "beep 07/07"),
        ("Ada", False, "bye"),
    ]


def test_guessed_names_are_told(tmp_path: Path) -> None:
    path = tmp_path / f"chat {BASE}.txt"
    path.write_text("AdaToday at 1:00 PM hi BoToday at 1:01 PM ho AdaToday at 1:02 PM hum")
    messages, report = read(path, tz="UTC")
    assert [(m.sender, m.text) for m in messages] == [("Ada", "hi"), ("Bo", "ho"), ("Ada", "hum")]
    assert "names were guessed" in report.notes[0]


def test_what_stands_above_the_first_message_is_counted(tmp_path: Path) -> None:
    path = tmp_path / f"chat {BASE}.txt"
    path.write_text("Ada\nAda\nOnline\n\nBo — Today at 1:00 PM\nhi\nBo — Today at 1:09 PM\nImage\n")
    messages, report = read(path, tz="UTC")
    assert [m.kind for m in messages] == [Kind.TEXT, Kind.MEDIA]
    assert report.left_out == {"unparsed": 1, "media only": 1}
    assert report.examples["unparsed"] == f"chat {BASE}.txt:1"


@pytest.mark.parametrize(
    "text",
    [
        "Dear diary,\ntoday — at 10:30 — nothing.\n",
        "Breakfast — 8:00\neggs\nLunch — 12:30\nsoup\n",
        "# Log\nDone - 07/14/2018 was late\n",
        "Call Bo — Today at 1:00 PM\n" + "prose\n" * 30,
        "[1:23 AM] <ada> hi\n[1:24 AM] <bo> ho\n",
        "[13:23] ada: hi\n[13:24] bo: ho\n",
        "12/31/23, 9:15 PM - Ada: hi\n12/31/23, 9:16 PM - Bo: ho\n",
        "Ada — Today at 1:00 PM\n" * 5,
        "[Mira] [2:37 PM] party - Today at 5:00 PM\n[Tove] [2:38 PM] ok - Today at 6:00 PM\n",
        "[Mira] [오후 2:37] moved\n[Tove] [오후 2:38] to then - 01/02/2024\n[ - 01/02/2024\n",
        "[ - 1/2/24\nhi\n[ - 1/2/24\nho\n",
        "[ - 01/02/2024\nhi\n[ - 01/02/2024\nho\n",
        "--------------- 2024 - 01/02/2024\nx\n",
        "12/31/23, 9:15 PM - Mira: see you - Today at 9:00 PM\n12/31/23, 9:16 PM - Bo: ho\n",
    ],
)
def test_what_is_no_paste(text: str, tmp_path: Path) -> None:
    assert not is_pasted(text)
    path = tmp_path / "x.txt"
    path.write_text(text)
    with pytest.raises(UnknownFormat):
        read(path, format="discord")


def test_headers_of_other_formats_within_a_paste_are_told(tmp_path: Path) -> None:
    path = tmp_path / f"chat {BASE}.txt"
    path.write_text(A[1:] + "12/31/23, 9:15 PM - Tove: hi\n" + B[1:], encoding="utf-8")
    _, report = read(path, tz="UTC")
    assert "1 line that was joined" in report.notes[-1]
