"""Whole IRC logs: dialects told apart, bridges, nicks that are one person's, days, passwords."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from pathlib import Path

import pytest

from chatmimic.archive import Archive
from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.irc import log
from chatmimic.importers.irc.bridges import without_layer
from chatmimic.importers.irc.dialects import dialect_of
from chatmimic.importers.irc.nicks import without_password
from chatmimic.importers.irc.reader import LineReader
from chatmimic.importers.irc.web_pages import page_lines, plain_line
from chatmimic.records import Kind, Message


def read(path: Path, text: str) -> tuple[list[Message], ImportReport]:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    report = ImportReport()
    return list(read_exports(path, ImportOptions(), report)), report


def logged(tmp_path: Path, *lines: str) -> tuple[list[Message], ImportReport]:
    return read(tmp_path / "#a-2024-05-01.log", "".join(f"{line}\n" for line in lines))


DIALECTS = {
    "irclogs.ubuntu.com": "=== ada [~a@b] has joined #c\n[12:00] <ada> hi",
    "irssi": "--- Log opened Sat Jul 02 11:21:37 2005\n11:22 < ada> hi",
    "WeeChat": "2024-05-01 10:00:00\t-->\tada has joined\n2024-05-01 10:00:00\tada\thi",
    "ZNC, energymech, Raku": "[12:00:00] *** Joins: ada (a@b)\n[12:00:01] <ada> hi",
    "HexChat": "Dec 31 23:59:00 <ada>\thi",
    "XChat scrollback, dircproxy": "T 1120303300 <ada>\thi",
    "mIRC": "Session Start: Sat Jul 02 11:21:37 2005\n[12:00] * Joins: ada (a@b)",
    "Eggdrop": "[12:00] ada (a@b) joined #c.\n[12:00] Action: ada waves",
    "Limnoria, The Lounge, Textual, ii": "2024-05-01T10:00:00  <ada> hi",
    "supybot": "[05-Mar-2004 17:28:10]  <ada> hi",
    "dircproxy": "[14 Jan 10:36] <ada!n=a@b> +hi",
    "Pidgin": "(04:22:11 PM) ada: hi",
    "Konversation": "[Sat Jul 2 2005] [11:21:37] <ada>\thi",
    "psyBNC": "2005-07-02-11-21-37:#c::ada!a@b PRIVMSG #c :hi",
    "no stamps": "<ada> hi",
}


@pytest.mark.parametrize("name", DIALECTS)
def test_the_first_lines_show_the_dialect(name: str) -> None:
    rows = DIALECTS[name].split("\n")
    dialect = dialect_of(rows)
    assert dialect is not None
    assert dialect.name == name
    assert all(LineReader(dialect).read(row).kind is not Kind.OTHER for row in rows)


@pytest.mark.parametrize(
    ("first", "kind"),
    [("[12:00:00] *** Joins: ada (a@b)", Kind.ACTION), ("[12:00] * Joins: ada (a@b)", Kind.SYSTEM)],
)
def test_a_star_is_an_action_where_events_have_marks_of_their_own(first: str, kind: Kind) -> None:
    reader = LineReader(dialect_of([first, "[12:00] <ada> hi"]))
    assert reader.read("[12:01] * ada has quit (life)").kind is kind


def test_a_file_may_mix_dialects(tmp_path: Path) -> None:
    lines = ["[12:00] <ada> one", "2024-05-02 10:00:00\tada\ttwo", "(04:22:11 PM) ada: three"]
    found, _ = logged(tmp_path, *lines[:1] * 5, *lines)
    assert [m.text for m in found[5:]] == ["one", "two", "three"]


def test_words_that_look_like_an_event_are_said(tmp_path: Path) -> None:
    said = "[12:00] <ada> joined #c yesterday", "[12:01] <grace> is now known as a bore"
    found, _ = logged(tmp_path, *said)
    assert [m.kind for m in found] == [Kind.TEXT, Kind.TEXT]


def test_events_of_other_clients_are_no_messages(tmp_path: Path) -> None:
    events = ["[12:01] ada (a@b) has joined the channel", "--- Log closed Mon Jul 04 08:01:00 2005"]
    found, report = logged(tmp_path, "[12:00] <ada> hi", *events)
    assert [m.kind for m in found] == [Kind.TEXT, Kind.SYSTEM, Kind.SYSTEM]
    assert report.left_out == {"system": 2}


# --- nicks ---


def keys(tmp_path: Path, *lines: str) -> tuple[dict[str, str], list[str]]:
    stamped = [line if line.startswith("===") else f"[12:00] {line}" for line in lines]
    found, report = logged(tmp_path, *stamped)
    return {m.sender: m.sender_key for m in found if m.sender}, report.notes


THERE = "=== ada is now known as lovelace"
BACK = "=== lovelace is now known as ada"


def test_a_nick_that_was_taken_and_given_back_is_the_same_person(tmp_path: Path) -> None:
    found, notes = keys(tmp_path, "<ada> a", "<ada> b", THERE, "<lovelace> c", BACK, "<ada> d")
    assert found == {"ada": "ada", "lovelace": "ada"}
    assert any("are read as one person" in note for note in notes)


def test_whom_nobody_wants_joined_stay_two_under_each_nick(tmp_path: Path) -> None:
    lines = ("[12:00] <ada> a", THERE, "[12:00] <lovelace> c", BACK, "[12:00] <ada> d")
    (tmp_path / "#a-2024-05-01.log").write_text("\n".join(lines))
    report = ImportReport()
    found = read_exports(tmp_path, ImportOptions(follow_nicks=False), report)
    assert {m.sender_key for m in found if m.sender} == {"ada", "lovelace"}
    assert not [note for note in report.notes if "ada" in note]


@pytest.mark.parametrize(
    "lines",
    [
        ("<ada> a", THERE, "<lovelace> b"),  # never given back: it may be another's next time
        ("<ada> a", "<lovelace> b", "<ada> c", THERE, "<lovelace> d", BACK),  # both are there
        ("<ada> a", THERE, "<lovelace> b", BACK, "<lovelace> c", "<ada> d", "<lovelace> e"),
        ("<ada> a", "<lovelace> b", THERE, BACK),  # ada was there while lovelace spoke
    ],
)
def test_two_people_are_never_made_one(lines: tuple[str, ...], tmp_path: Path) -> None:
    found, _ = keys(tmp_path, *lines)
    assert found == {"ada": "ada", "lovelace": "lovelace"}


def test_two_people_who_lend_each_other_a_third_nick_stay_two(tmp_path: Path) -> None:
    lent = [line for a in ("ada", "bo") for line in (
        f"<{a}> mine", f"=== {a} is now known as spare", f"<spare> {a}'s",
        f"=== spare is now known as {a}",
    )]  # fmt: skip
    found, notes = keys(tmp_path, *lent, "<ada> hi", "<bo> hi", "<ada> hi")
    assert len(set(found.values())) == 3
    assert any("people merge" in note for note in notes)


def test_a_nick_that_others_bear_at_other_times_is_not_joined(tmp_path: Path) -> None:
    there, back = "=== ada is now known as newbie", "=== newbie is now known as ada"
    elsewhere = ["<newbie> help", *["<bo> yes"] * 2001] * 4
    found, notes = keys(
        tmp_path, "<ada> a", there, "<newbie> b", back, *["<ada> c"] * 9, *elsewhere
    )
    assert found["newbie"] == "newbie"
    assert any("people merge ada newbie" in note for note in notes)


def test_a_nick_that_a_server_hands_out_is_nobodys(tmp_path: Path) -> None:
    there, back = "=== Guest71 is now known as ada", "=== ada is now known as Guest71"
    found, _ = keys(tmp_path, "<Guest71> a", there, "<ada> b", back, "<Guest71> c")
    assert found == {"Guest71": "guest71", "ada": "ada"}


def test_who_a_nick_is_may_show_later_without_messages_coming_twice(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    lines = ["[12:00] <ada> a", "[12:00] <lovelace> lol", "[12:00] <lovelace> lol"]
    read(logs / "#a-2024-05-01.log", "\n".join(lines))
    later = f"[12:00] <ada> x\n{THERE}\n[12:01] <lovelace> y\n{BACK}\n"
    with Archive.open(tmp_path / "archive.db") as archive:
        archive.add(read_exports(logs, ImportOptions(), ImportReport()))
        read(logs / "#a-2024-05-02.log", later)
        added = archive.add(read_exports(logs, ImportOptions(), ImportReport()))
        assert (added.known, added.new) == (3, 2)


# --- days ---


DAYS = {  # a bridge, a change of nick that was taken back, and a quiet day
    "2024-05-01": "[10:00] <relay> <Ada> hi\n[10:01] <relay> <Bo> yes\n[10:02] <relay> <Cy> no\n",
    "2024-05-02": "[11:00] <dee> hi\n=== dee is now known as dee_away\n[11:02] <dee_away> ok\n"
    "=== dee_away is now known as dee\n[11:09] <dee> back\n",
    "2024-05-03": "[12:00] <eve> a\n[12:01] <eve> b\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(("small", "room"), [(0, 0), (64 << 10, 100), (64 << 10, 1 << 20)])
def test_logs_held_between_looks_are_read_as_those_opened_again(
    encoding: str, small: int, room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_SMALL", small)
    monkeypatch.setattr(log, "_ROOM", room)
    for day, text in DAYS.items():
        (tmp_path / f"#a-{day}.log").write_bytes(text.encode(encoding))
    with gzip.open(tmp_path / "#a-2024-05-04.log.gz", "wb") as packed:
        packed.write(b"[13:00] <eve> long\n" * 50)
    report = ImportReport()
    messages = list(read_exports(tmp_path, ImportOptions(), report))
    assert Counter(m.sender for m in messages if m.kind.has_words) == {
        "Ada": 1, "Bo": 1, "Cy": 1, "dee": 2, "dee_away": 1, "eve": 52,
    }  # fmt: skip
    assert {m.sender_key for m in messages if m.sender.startswith("dee")} == {"dee"}
    assert report.bytes_read == report.bytes_total
    assert report.variants == {"irclogs.ubuntu.com": 3, "stamps in brackets": 1}


def test_midnight_written_as_24(tmp_path: Path) -> None:
    found, _ = logged(tmp_path, "[23:59] <ada> a", "[24:00] <ada> b", "[00:01] <ada> c")
    assert [m.sent_at or 0 for m in found] == [
        1714607940000 + 60_000 * minutes for minutes in (0, 1, 2)
    ]


def test_a_file_without_messages_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "#a-2024-04-30.log").write_text("")
    found, report = read(tmp_path / "logs" / "#a-2024-05-01.log", "[12:00] <ada> hi\n")
    found = list(read_exports(tmp_path / "logs", ImportOptions(), report := ImportReport()))
    assert len(found) == 1
    assert not report.left_out


# --- passwords ---


@pytest.mark.parametrize(
    ("said", "thread", "safe"),
    [
        ("/msg NickServ identify hunter2", "#a", "/msg NickServ identify [password]"),
        ("identify hunter2", "NickServ", "identify [password]"),
        ("AUTH ada hunter2", "q", "AUTH [password]"),
        ("register hunter2 a@b", "nickserv", "register [password]"),
        ("/msg NickServ ghost ada hunter2", "#a", "/msg NickServ ghost ada [password]"),
        ("/ns regain ada hunter2", "#a", "/ns regain ada [password]"),
        ("ghost ada hunter2", "NickServ", "ghost ada [password]"),
        ("/cs identify #tea hunter2", "#a", "/cs identify #tea [password]"),
        ("/msg chanserv register #tea hunter2", "#a", "/msg chanserv register #tea [password]"),
        ("/oper ada hunter2", "#a", "/oper [password]"),
        ("/login ada hunter2", "#a", "/login [password]"),
        ("oops\n/pass hunter2", "#a", "oops\n/pass [password]"),
        ("nickserv identify hunter2", "#a", "nickserv identify [password]"),
        *(
            (text, thread, text)
            for text, thread in (
                ("identify yourself", "#a"),
                ("you can register today", "#a"),
                ("the request to /login without any cookies", "#a"),
                ("POST /login user=x", "#a"),
                ("GET /pass returns 404", "#a"),
                ("/login returns 403", "#a"),
                ("/login page broken", "#a"),
                ("/login sends you back to the page that you came from", "#a"),
                ("did you try /oper yet?", "#a"),
                ("/msg nickserv ghost ada", "#a"),
                ("/ns release ada", "#a"),
                ("ghost ada", "NickServ"),
                ("nickserv ghost my old nick", "#a"),
                ("nickserv group nicks together", "#a"),
                ("nickserv identify never worked for me on this network", "#a"),
                ("nickserv register failed", "#a"),
                ("/cs register #tea", "#a"),
                ("chanserv auth flags are a mess if you ask me", "#a"),
            )
        ),
    ],
)
def test_passwords_are_hidden(said: str, thread: str, safe: str) -> None:
    assert without_password(said, thread) == safe


# --- pages ---


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ('<span class="irc-date">[0:56]</span> <span class="irc-black">&lt;ada&gt; a &amp; b</span>'
         "<br />", "[0:56] <ada> a & b"),
        ('<tr id="t12:00:02-2"><th class="nick" style="x">ada</th><td class="text">hi</td></tr>',
         "[12:00:02] <ada> hi"),
        ('<p id="t12:00" class="comment"><a href="#t12:00" class="time">12:00</a> '
         '<span class="nick">&lt;ada&gt;</span> <span class="text">hi</span></p>',
         "[12:00] <ada> hi"),
        ('<font color="#16569E"><font size="2">(16:22:11)</font> <b>ada:</b></font> a<br/>b<br/>',
         "(16:22:11) ada: a\nb"),
        ("<tr><td colspan=2><tt>* ada hacks &lt;&amp;&gt;</tt></td></tr>", "* ada hacks <&>"),
        (f"&#{'9' * 5000};", f"&#{'9' * 5000};"),
    ],
)  # fmt: skip
def test_a_row_of_a_page_is_the_line_that_it_was_made_of(row: str, line: str) -> None:
    assert plain_line(row) == line


HOSTILE = [
    "<" * 200_000, "<!" * 100_000, "<a " * 66_000, "<tr><th>" * 25_000, "&" * 200_000,
    "[12:00] * " + "(" + "@" * 199_000, "=== " + "a" * 199_000, "[12:00] *** " + "x" * 199_000,
    "*** x is now known as " * 9_000, "[12:00] <" + "a" * 199_000, "(" * 200_000,
    "--- " + "Sat " * 50_000, "[12:00] -" + "a:" * 99_000, "Conversation with " + " at " * 49_000,
    "<p class=" + "a" * 199_000, '<span class="irc-date">' * 9_000, "[" * 200_000, "1:" * 99_000,
    "[12:00] <a> " + "[a] " * 50_000, "[12:00] <a> " + "(a) <" * 40_000,
    "[12:00] * a kicked (" * 9_000, "[12:00] * a has quit (" + ") " * 99_000, "/login " * 28_000,
    "[12:00] a left #" + "c" * 199_000, "[12:00] * a changed the topic of #" + " " * 199_000,
    "/msg chanserv register #" * 8_000,
    "<br/>" * 40_000, "identify " * 22_000, "[12:00] <a> " + "nickserv identify " * 11_000,
]  # fmt: skip


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: row[:12])
def test_no_line_takes_long(row: str) -> None:
    start = time.process_time()
    LineReader(dialect_of([row])).read(row)
    list(page_lines([(1, "<html>"), (2, row), (3, f"<p>{row}")]))
    without_password(row, "#a")
    without_layer(row.partition("> ")[2])
    assert time.process_time() - start < 1
