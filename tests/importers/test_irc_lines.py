"""One line of an IRC log at a time, as each client writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatmimic.importers import ImportOptions, ImportReport, read_exports
from chatmimic.importers.irc.nicks import plain_nick
from chatmimic.importers.irc.paths import channel_of, day_of
from chatmimic.importers.irc.reader import parsed
from chatmimic.records import Kind


@pytest.mark.parametrize(
    ("raw", "kind", "nick", "text"),
    [
        ("[12:00] <ada> hi", Kind.TEXT, "ada", "hi"),
        ("[12:00] <ada> a <b> c > d", Kind.TEXT, "ada", "a <b> c > d"),
        ("[12:00] <ada>", Kind.TEXT, "ada", ""),
        ("[12:00]  * ada waves", Kind.ACTION, "ada", "waves"),
        ("[12:00:01] * ada waves", Kind.ACTION, "ada", "waves"),
        ("[12:00:01] * ada (a@b) has joined #c", Kind.SYSTEM, "", None),
        ("[2024-05-01 12:00:01] -*- ada waves", Kind.ACTION, "ada", "waves"),
        ("[12:00:01] * ada sets mode: +o grace", Kind.SYSTEM, "", None),
        ("12:00 * ada has left the stove on", Kind.ACTION, "ada", "has left the stove on"),
        ("12:00 * ada has quit smoking", Kind.ACTION, "ada", "has quit smoking"),
        ("12:00 * ada has left #c (bye)", Kind.SYSTEM, "", None),
        ("12:00 * ada has quit (bye)", Kind.SYSTEM, "", None),
        ("[12:00:01] *** Quits: ada (a@b) (Ping timeout)", Kind.SYSTEM, "", None),
        ("[12:00] -NickServ- hello", Kind.SYSTEM, "NickServ", "hello"),
        ("12:00 <@ada> hi", Kind.TEXT, "ada", "hi"),
        ("12:00 < ada> hi", Kind.TEXT, "ada", "hi"),
        ("12:00 -!- ada [a@b] has quit [a.net b.net]", Kind.SYSTEM, "", None),
        ("12:00:59 <[ada]|x`^{}> \\o/", Kind.TEXT, "[ada]|x`^{}", "\\o/"),
        ("2024-05-01T12:00:00  <ada> hi", Kind.TEXT, "ada", "hi"),
        ("2024-05-01T12:00:00.123456Z\t@ada\thi", Kind.TEXT, "ada", "hi"),
        ("[2024-05-01 12:00:00] <ada> hi", Kind.TEXT, "ada", "hi"),
        ("[12:00] Action: ada waves", Kind.ACTION, "ada", "waves"),
        ("[12:00] ada (a@b) joined #c.", Kind.SYSTEM, "", None),
        ("[12:00] <\x0304ada\x03> \x02bold\x02 \x0304,05red\x03 3", Kind.TEXT, "ada", "bold red 3"),
        ("=== ada [~a@b] has joined #c", Kind.SYSTEM, "", None),
        ("--- Day changed Sat Jul 02 2005", Kind.SYSTEM, "", None),
        ("just some prose", Kind.OTHER, "", None),
        ("[12:00] what is this", Kind.OTHER, "", None),
        ("", Kind.OTHER, "", None),
    ],
)
def test_lines(raw: str, kind: Kind, nick: str, text: str | None) -> None:
    line = parsed(raw)
    assert (line.kind, line.nick) == (kind, nick)
    if text is not None:
        assert line.text == text


STAMPS = [
    "[12:00] ", "[12:00:01]  ", "12:00 ", "12:00:01  ", "2024-05-01T12:00:00  ", "(12:00:01) ",
    "2024-05-01 12:00:00 ", "[2024-05-01T12:00:00.000Z] ", "[2024/05/01 12:00:00] ",
    "[05-Mar-2004 17:28:10]  ", "Dec 31 23:59:00 ", "[Sat Jul 2 2005] [11:21:37] ", "1120303300 ",
]  # fmt: skip
BEFELL = [
    "ada joined", "ada joined #c", "ada joined the channel", "ada has joined the channel",
    "ada has joined #c", "ada has joined", "ada (a@b) has joined #c", "ada [a@b] joined channel #c",
    "ada entered the chat", "ada has joined the room", "Joins: ada (a@b)", "Joins: ada",
    "ada left", "ada left #c (bye)", "ada has left", "ada has left the channel", "ada parted #c",
    "ada left the channel. (bye)", "ada has left #c \"bye\"", "Parts: ada (a@b)",
    "ada quit", "ada has quit", "ada has quit (Quit: bye)", "ada has quit [a.net b.net]",
    "ada quit: Ping timeout", "ada has left IRC (bye)", "ada has quit IRC", "Quits: ada (a@b) (x)",
    "ada disconnected", "ada is now known as lovelace", "ada changed nick to lovelace",
    "ada changed their nick to lovelace", "ada → lovelace", "ada sets mode: +o grace",
    "ada sets mode +o grace", "ada has changed mode: +o grace", "ada set mode +v grace #c",
    "ada gives voice to grace", "ada removes channel operator status from grace",
    "ada sets ban on *!*@example.org", "ada changes topic to 'tea'",
    "ada has changed the topic to: tea", "ada changed the topic of #c to: tea",
    "ada was kicked by grace (no)", "ada was kicked from #c by grace [no]",
    "ada has kicked grace from #c (no)", "ada kicked grace from the channel. (no)",
    "ada has been kicked from #c by grace", "Topic for #c is: tea", "Now talking on #c",
    "ada (a@b) è entrata in #c", "ada joined the server", "ada has left the server",
    "ada has quit the server (bye)", "ada joined the conversation", "ada has exited the channel",
    "ada exited", "ada logged in", "ada signed off", "ada went offline", "ada is now online",
    "ada has timed out", "ada timed out (240 seconds)", "ada was banned by grace",
    "ada has been banned from #c by grace", "ada was kicked", "ada changed their name to lovelace",
    "ada renamed to lovelace", "ada has set the subject to: tea",
    "ada has invited grace to the channel", "ada has joined #c and #d", "ada joins #c",
    "ada leaves #c (bye)", "ada leaves the channel", "ada enters the chat",
    "mode (+o grace) by ada", "ada has become available",
]  # fmt: skip
DID = [
    "joined us for dinner", "joined the party", "joined #c yesterday", "has joined the club",
    "left :(", "left for work", "has left the stove on", "has left the building", "left home (x)",
    "has quit smoking", "quit the gym (finally)", "quit her job", "has quit (again) smoking",
    "is now known as the queen of tea", "is known as a bore", "changes topic to cats",
    "sets mode to party", "sets the channel on fire", "gives voice to the people",
    "was kicked by a horse", "has kicked the bucket", "leaves the room", "connected the dots",
    "waves", "is away: lunch", "leaves", "changed the subject lightly", "→ kitchen, now",
    "logged the bug", "signed off on the plan", "went online to look", "timed out of the game",
    "was banned by her mother from tea", "joined the server admins", "exited the building",
    "is now online at last", "changed name tags to blue", "quits", "joins", "joins the club",
    "set the subject aside", "invited grace to tea", "has gone home", "was kicked hard",
]  # fmt: skip


@pytest.mark.parametrize("mark", ["* ", "*\t", "*** ", "-!- ", "=== ", "--> ", "← ", ""])
@pytest.mark.parametrize("stamp", STAMPS)
def test_what_befell_somebody_is_no_message(stamp: str, mark: str) -> None:
    if (stamp[0], mark) == ("(", ""):
        return  # Pidgin's messages look so: "(12:00:01) Joins: ada"
    assert [words for words in BEFELL if parsed(stamp + mark + words).kind is not Kind.SYSTEM] == []


@pytest.mark.parametrize("stamp", STAMPS)
def test_what_somebody_did_is_an_action(stamp: str) -> None:
    found = [parsed(f"{stamp}* ada {words}") for words in DID]
    assert [(line.kind, line.nick, line.text) for line in found] == [
        (Kind.ACTION, "ada", words) for words in DID
    ]


@pytest.mark.parametrize(
    ("nick", "plain"),
    [("Ada", "ada"), ("ada_", "ada"), ("ada__", "ada"), ("ada|away", "ada"), ("ada-afk", "ada"),
     ("ada[home]", "ada"), ("[ada]", "[ada]"), ("_", "_"), ("a_", "a_"), ("jean-luc", "jean-luc")],
)  # fmt: skip
def test_nicks_without_their_state(nick: str, plain: str) -> None:
    assert plain_nick(nick) == plain


@pytest.mark.parametrize(
    ("path", "day", "channel"),
    [
        ("/logs/2004/07/05/#ubuntu.txt", "2004-07-05", "#ubuntu"),
        ("/logs/2004/07/05/%23ubuntu-devel.txt", "2004-07-05", "#ubuntu-devel"),
        ("/znc/libera/#engines/2024-01-31.log", "2024-01-31", "#engines"),
        ("/irc/irc.libera.#x.weechatlog", None, "#x"),
        ("/eggdrop/engines.log.05Jul2004", "2004-07-05", "engines"),
        ("/eggdrop/#c.log.20040705", "2004-07-05", "#c"),
        ("/irclogs/OFTC/grace.log", None, "grace"),
        ("/c++/##c++-20240131.log.gz", "2024-01-31", "##c++"),
        ("/original-logs/2012-01-06.log", "2012-01-06", "original-logs"),
    ],
)
def test_day_and_channel_from_the_path(path: str, day: str | None, channel: str) -> None:
    found = day_of(path)
    assert (found and found.isoformat()) == day
    assert channel_of(path) == channel


def times(path: Path, log: str, tz: str | None = None) -> list[str]:
    path.write_text(log)
    messages = read_exports(path, ImportOptions(tz=tz), ImportReport())
    return [
        datetime.fromtimestamp(m.sent_at / 1000, UTC).strftime("%d %H:%M") if m.sent_at else "-"
        for m in messages
        if m.kind is Kind.TEXT
    ]


def said(*clocks: str) -> str:
    return "".join(f"{clock} <ada> hi\n" for clock in clocks)


def test_midnight(tmp_path: Path) -> None:
    opened = "--- Log opened Sat Jul 02 20:00:00 2005\n"
    path = tmp_path / "#a.log"
    assert times(path, opened + said("23:59", "00:00", "23:00", "22:59")) == [
        "02 23:59", "03 00:00", "03 23:00", "03 22:59",
    ]  # fmt: skip
    assert times(path, opened + said("23:59", "09:00", "08:00")) == [
        "02 23:59",
        "03 09:00",
        "04 08:00",
    ]
    daily = tmp_path / "#a-2005-07-02.log"
    assert times(daily, said("09:00", "08:00", "23:59", "00:01")) == [
        "02 09:00", "02 08:00", "02 23:59", "03 00:01",
    ]  # fmt: skip


def test_the_clock_set_back_is_no_midnight(tmp_path: Path) -> None:
    opened = "--- Log opened Sun Oct 29 00:00:00 2023\n"
    log = opened + said("02:30", "02:50", "02:10", "03:10")
    assert times(tmp_path / "#a.log", log, "Europe/Berlin") == [
        "29 00:30", "29 00:50", "29 01:10", "29 02:10",
    ]  # fmt: skip


def test_a_log_without_a_date_is_kept_without_times_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "#a.log"
    assert times(path, said("12:00", "12:01")) == ["-", "-"]
    report = ImportReport()
    list(read_exports(path, ImportOptions(), report))
    assert any("no date" in note for note in report.notes)


def test_lines_that_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "#a-2024-05-01.log"
    path.write_bytes(
        b"\xef\xbb\xbf[12:00] <ada> caf\xe9 \x80\x81\r\n"
        b"[12:01] <ada> cut \xf0\x9f\x98\n"
        b"[12:02] <ada> one\xe2\x80\xa8line\x0b\x1c still\n"
    )
    report = ImportReport()
    texts = [m.text for m in read_exports(path, ImportOptions(), report)]
    assert texts == ["café €\ufffd", "cut ", "one\u2028line still"]
    assert report.repairs == {"not UTF-8": 1, "cut character": 1, "control characters": 1}


def test_people_who_change_names_are_pointed_out(tmp_path: Path) -> None:
    rename = "[12:00] *** ada is now known as grace\n[12:01] *** grace is now known as ada\n"
    log = "[11:00] <ada> hi\n[11:01] <grace> ho\n" + rename
    path = tmp_path / "#a-2024-05-01.log"
    path.write_text(log)
    report = ImportReport()
    list(read_exports(path, ImportOptions(), report))
    assert any("chatmimic people merge ada grace" in note for note in report.notes)
